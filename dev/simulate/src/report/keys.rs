//! Keys that many requests share: one user's, the public JWK Set's, and the secret.

use std::fmt::{self, Write};

use super::Load;
use crate::assumptions::{
    CONCURRENCY, GATEWAY_RATE, ME_CALLS, PARTITION_READS, PER_ENVIRONMENT, READS, REFRESH, SCALING,
    SECRET_QUOTA, TABLE_GROWTH, TABLE_GROWTH_TIME, TABLE_READS, TABLE_WRITES, UNKNOWN_KID,
};
use crate::duration::warm_me;
use crate::model;
use crate::numbers::{percent, short, whole};
use crate::quotas::Quotas;
use crate::scenario::{LOADS, Scenario, Users};

/// One user logged in at the whole rate, with nothing limited but the table.
pub(super) fn hot(out: &mut String) -> fmt::Result {
    writeln!(out, "\n### One user at the whole rate\n")?;
    writeln!(
        out,
        "An attacker guesses the password of one user, and no other quota is in the way. Each log-in reads two keys, the name's \
         marker and the user. They are taken to lie on two partitions, so each is read once for each log-in. A partition \
         serves {} reads a second, however large the table's quota is; were both on one, half as many log-ins would fill it.\n",
        whole(PARTITION_READS.value),
    )?;
    writeln!(
        out,
        "| log-ins a minute | reads a second of each key | over a partition's limit | refused with 503 |"
    )?;
    writeln!(out, "|---|---|---|---|")?;
    let only_table = Quotas {
        table: Some(TABLE_READS.value),
        ..Quotas::none()
    };
    for per_minute in LOADS {
        let rate = f64::from(per_minute) / 60.0;
        let outcome = model::run(&Scenario::steady(per_minute, Users::One), &only_table);
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            whole(f64::from(per_minute)),
            short(rate),
            short(rate / PARTITION_READS.value),
            percent(outcome.refused_share()),
        )?;
    }
    writeln!(
        out,
        "\nOther users whose keys lie on those partitions are refused with them, until DynamoDB has moved the hot keys to \
         partitions of their own. A name that nobody has is read at random keys and heats none.\n"
    )?;
    table_growth(out)
}

fn table_growth(out: &mut String) -> fmt::Result {
    writeln!(out, "### The table's growth\n")?;
    for per_minute in LOADS {
        let rate = f64::from(per_minute) / 60.0;
        let reads = rate * READS.value / TABLE_READS.value;
        let steps = (reads.log2() / TABLE_GROWTH.value.log2()).ceil().max(0.0);
        writeln!(
            out,
            "- {} a minute: {} reads a second, {} of what a new table serves; {}. If every log-in renewed a hash, as after an \
             import, {} of the writes of a new table.",
            whole(f64::from(per_minute)),
            short(rate * READS.value),
            short(reads),
            if steps > 0.0 {
                format!(
                    "{} doublings, about {} min of a rising load, or a table warmed beforehand",
                    short(steps),
                    short(steps * TABLE_GROWTH_TIME.value)
                )
            } else {
                "no growth is needed".to_owned()
            },
            short(rate / TABLE_WRITES.value),
        )?;
    }
    Ok(())
}

/// The JWK Set's item and the secret: computed, not simulated, since a run is shorter than the time between two reads.
pub(super) fn refreshed(out: &mut String, loads: &[Load]) -> fmt::Result {
    writeln!(out, "\n### The JWK Set's item and the secret\n")?;
    writeln!(
        out,
        "Computed from Little's law, not simulated. `me` is called {} times for each log-in and takes {:.1} ms. The JWK Set is one \
         item under 4 KB, and every environment of `me`, or of another function that serves the set, reads it when it starts \
         and after {} min. At worst all environments read in one second, since one burst made them. With tokens of a made-up \
         `kid` each environment reads every {} s.\n",
        short(ME_CALLS.value),
        warm_me(),
        short(REFRESH.value),
        short(UNKNOWN_KID.value),
    )?;
    writeln!(
        out,
        "| log-ins a minute | environments of `me` | JWK Set, reads a second | at worst, in one second | made-up `kid`s | \
         environments of `token` | secret, reads a second | at worst, in one second |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    let refresh = REFRESH.value * 60.0;
    for load in loads {
        let me = (load.per_second() * ME_CALLS.value * warm_me() / 1_000.0)
            .max(1.0)
            .ceil();
        let token = load.steady.concurrency.most() as f64;
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            load.name(),
            whole(me),
            short(me / refresh),
            whole(me),
            short(me / UNKNOWN_KID.value),
            whole(token),
            short(token / refresh),
            whole(token),
        )?;
    }
    let Some(most) = loads.last() else { return Ok(()) };
    let me_rate = most.per_second() * ME_CALLS.value;
    writeln!(
        out,
        "\nThe item's partition serves {} reads a second and Secrets Manager {}. Lambda makes at most {} environments of a function \
         at once, so neither is reached at a start. But the calls of `me` count, too: at {} log-ins a minute they are {} requests a \
         second, {} times API Gateway's quota, and Lambda wants a concurrency of {} for them because it gives {} requests a \
         second for each unit ({} times the quota), though only about {} would run at once.",
        whole(PARTITION_READS.value),
        whole(SECRET_QUOTA.value),
        whole(SCALING.value),
        most.name(),
        whole(me_rate),
        short(me_rate / GATEWAY_RATE.value),
        whole(me_rate / PER_ENVIRONMENT.value),
        short(PER_ENVIRONMENT.value),
        short(me_rate / PER_ENVIRONMENT.value / CONCURRENCY.value),
        whole(me_rate * warm_me() / 1_000.0),
    )
}
