//! The report, in Markdown.

use std::fmt::{self, Write};

use crate::assumptions::{
    ALL, BURST_FACTOR, BURST_TIME, CORE_MEMORY, GATEWAY_RATE, HEADROOM, TABLE_QUOTA, TOKEN_CORE, TOKEN_MEMORY,
};
use crate::demand::{self, Use};
use crate::duration;
use crate::model;
use crate::numbers::{percent, short, whole};
use crate::outcome::Outcome;
use crate::quotas::Quotas;
use crate::scenario::{LOADS, Scenario, Users};

mod keys;
mod limits;

/// The whole section, markers left out.
///
/// # Errors
///
/// None in practice: writing to a string does not fail.
pub fn markdown() -> Result<String, fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    assumptions(out)?;
    let loads: Vec<Load> = LOADS.into_iter().map(Load::new).collect();
    runs(out, &loads)?;
    uses(out, &loads)?;
    keys::hot(out)?;
    keys::refreshed(out, &loads)?;
    limits::not_modelled(out)?;
    Ok(text)
}

/// A load with what it asks for when nothing limits it.
struct Load {
    per_minute: u32,
    steady: Outcome,
    burst: Outcome,
}

impl Load {
    fn new(per_minute: u32) -> Self {
        let none = Quotas::none();
        Self {
            per_minute,
            steady: model::run(&Scenario::steady(per_minute, Users::Many), &none),
            burst: model::run(&Scenario::burst(per_minute), &none),
        }
    }

    fn name(&self) -> String {
        whole(f64::from(self.per_minute))
    }

    fn per_second(&self) -> f64 {
        f64::from(self.per_minute) / 60.0
    }
}

fn assumptions(out: &mut String) -> fmt::Result {
    writeln!(out, "### What is assumed\n")?;
    writeln!(out, "| what | value | unit | source |")?;
    writeln!(out, "|---|---|---|---|")?;
    for assumption in ALL {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            assumption.name,
            short(assumption.value),
            assumption.unit,
            assumption.source
        )?;
    }
    writeln!(
        out,
        "\n\"This project\" is the code, the template, or a design that is not built yet; a test holds the \
         template's numbers against it. AWS changes its quotas and raises those of single accounts: Service Quotas in the console has the true ones.\n"
    )?;
    writeln!(
        out,
        "A function of {} MB has {}/{} of a core, so the {} ms of a log-in become {:.0} ms. With its reads a warm log-in takes \
         {:.0} ms. A cold start adds {:.0} ms.",
        short(TOKEN_MEMORY.value),
        TOKEN_MEMORY.value,
        CORE_MEMORY.value,
        short(TOKEN_CORE.value),
        duration::warm_log_in() - duration::reads_of_log_in(),
        duration::warm_log_in(),
        duration::cold_start(),
    )
}

fn runs(out: &mut String, loads: &[Load]) -> fmt::Result {
    writeln!(out, "\n### What happens\n")?;
    writeln!(
        out,
        "Steady: Poisson arrivals, counted once the environments are there. Burst: after quiet, {} times the rate for {} s and \
         then the rate for 20 s, counted from the first log-in. As deployed is a new account with the template's defaults. In the \
         other rows the limit of our route is lifted, and the account is new, standard, or raised: each quota that can be \
         raised is then {} times what the steady load needs. Where nothing needs raising there is no such row.\n",
        short(BURST_FACTOR.value),
        short(BURST_TIME.value),
        HEADROOM.value,
    )?;
    writeln!(
        out,
        "| log-ins a minute | load | limits | cold starts | running at once: mean, p99, most | reads a second: mean, most | \
         refused with 429 | refused with 503 | most of them by |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|")?;
    for load in loads {
        let standard = Quotas::standard();
        let raised = demand::raised(&load.steady);
        let mut accounts = vec![
            ("as deployed", Quotas::as_deployed()),
            ("new", Quotas::new_account()),
            ("standard", standard.clone()),
        ];
        if raised != standard {
            accounts.push(("raised", raised));
        }
        for (kind, scenario) in [
            ("steady", Scenario::steady(load.per_minute, Users::Many)),
            ("burst", Scenario::burst(load.per_minute)),
        ] {
            for (account, quotas) in &accounts {
                run_row(out, load, kind, account, &model::run(&scenario, quotas))?;
            }
        }
    }
    for load in loads {
        let raised = demand::raised(&load.steady);
        if raised != Quotas::standard() {
            writeln!(
                out,
                "\nRaised, for {} a minute: our route and API Gateway {} requests a second, Lambda {} concurrent executions, a table warmed for \
                 {} reads a second (the quota of one table is {}). Lambda's scaling rate cannot be raised: against a burst \
                 only provisioned concurrency helps, which costs when idle.",
                load.name(),
                whole(raised.gateway.map_or(0.0, |limit| limit.rate)),
                whole(raised.concurrency.unwrap_or_default()),
                whole(raised.table.unwrap_or_default()),
                whole(TABLE_QUOTA.value),
            )?;
        }
    }
    Ok(())
}

fn run_row(out: &mut String, load: &Load, kind: &str, account: &str, outcome: &Outcome) -> fmt::Result {
    writeln!(
        out,
        "| {} | {kind} | {account} | {} | {}, {}, {} | {}, {} | {} | {} | {} |",
        load.name(),
        percent(outcome.cold_share()),
        short(outcome.concurrency.mean()),
        whole(outcome.concurrency.quantile(0.99) as f64),
        whole(outcome.concurrency.most() as f64),
        short(outcome.reads_each_second()),
        whole(outcome.reads.most_in(1) as f64),
        percent(outcome.refused_share_with(true)),
        percent(outcome.refused_share_with(false)),
        outcome
            .refused_most_by()
            .map_or("nothing", |refusal| refusal.name()),
    )
}

fn uses(out: &mut String, loads: &[Load]) -> fmt::Result {
    writeln!(out, "\n### Which quota bites\n")?;
    writeln!(
        out,
        "What the load asks for when nothing limits it, over the quota. Above 1 the quota refuses log-ins, and the number is the \
         factor by which it would have to be raised. In bold: the quota of AWS that bites first in a settled account as the load \
         grows. Our template's limit is a parameter, low on purpose, and comes before all of them.\n"
    )?;
    let columns: Vec<(String, Vec<Use>)> = [false, true]
        .into_iter()
        .flat_map(|burst| {
            loads.iter().map(move |load| {
                let (kind, outcome) = if burst {
                    ("burst", &load.burst)
                } else {
                    ("steady", &load.steady)
                };
                (format!("{kind} {}", load.name()), demand::uses(outcome))
            })
        })
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    writeln!(out, "| quota | {} | can be raised |", names.join(" | "))?;
    writeln!(out, "|---|{}---|", "---|".repeat(columns.len()))?;
    for (row, used) in columns
        .iter()
        .flat_map(|(_, uses)| uses)
        .take(rows(&columns))
        .enumerate()
    {
        write!(out, "| {} |", used.quota)?;
        for (_, uses) in &columns {
            let Some(cell) = uses.get(row) else { continue };
            let factor = short(cell.factor);
            match demand::first(uses) {
                Some(first) if first == cell => write!(out, " **{factor}** |")?,
                _ => write!(out, " {factor} |")?,
            }
        }
        writeln!(out, " {} |", if used.adjustable { "yes" } else { "no" })?;
    }
    writeln!(out)?;
    for (name, uses) in &columns {
        match demand::first(uses) {
            None => writeln!(out, "- {name}: no quota of a standard account.")?,
            Some(first) => writeln!(
                out,
                "- {name}: {}, by a factor of {}.",
                first.quota,
                short(first.factor)
            )?,
        }
    }
    writeln!(
        out,
        "\nUnlimited means that every request without an idle environment makes one, whatever the scaling rate; so a burst's numbers for \
         concurrency, scaling and Secrets Manager stand for all at once. On AWS a quota in front shields those behind it: what API \
         Gateway refuses never reaches Lambda, and Lambda's scaling rate keeps Secrets Manager's quota out of reach. Raising one \
         shows the next. A new table is raised by a warm throughput that is set beforehand, or by waiting (below).\n\nThe quotas of API Gateway ({} requests a second) and of Lambda's concurrency are the account's: every other route, API \
         and function in the Region takes from the same.",
        whole(GATEWAY_RATE.value),
    )
}

fn rows(columns: &[(String, Vec<Use>)]) -> usize {
    columns.first().map_or(0, |(_, uses)| uses.len())
}
