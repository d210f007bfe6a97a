//! What the model leaves out.

use std::fmt::{self, Write};

const NOT_MODELLED: &[&str] = &[
    "Times are fixed. Real ones have a tail, and a slow DynamoDB or processor raises concurrency in proportion.",
    "The 33 ms are of one x86_64 machine. A Lambda's core, arm64 above all, is another one.",
    "Nobody tries again. Clients that do make a refusal worse, and the SDK's retries hide short throttling and keep \
     environments busy longer; so a short peak is refused here that might be served late, and a long one is shown too mild.",
    "The table neither grows nor splits during a run, and has no burst or adaptive capacity beyond one second.",
    "Keys of many users fall evenly. Real partitions are a little uneven.",
    "Lambda's scaling rate is also given as 10,000 more requests a second every 10 s; only environments are counted.",
    "How Lambda chooses an environment, and when it drops one, is not documented. Last used first and the lives above are guesses.",
    "Writes of renewed hashes, registrations and other functions of the account take their part of the quotas and are not run.",
    "DynamoDB's quotas of an account, CloudWatch, the network, the client's side and failures of AWS.",
    "Some Regions start with lower quotas of API Gateway.",
];

/// Says it.
pub(super) fn not_modelled(out: &mut String) -> fmt::Result {
    writeln!(out, "\n### What is not modelled\n")?;
    for item in NOT_MODELLED {
        writeln!(out, "- {item}")?;
    }
    Ok(())
}
