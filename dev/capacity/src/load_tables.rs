//! The tables of `docs/load.md`.

use crate::limits::{ACCOUNTS, KINDS, Limit, first, p99};
use crate::markdown::{bold_if, numbers, plain, short, table, whole};
use crate::model::Model;

/// Each table with its name in the document.
pub(crate) fn tables(model: &Model) -> [(&'static str, String); 6] {
    let limits = model.limits();
    [
        ("first", first_limits(model, &limits)),
        ("limits", reached(&limits)),
        ("raise", raise(model, &limits)),
        ("running", running(model)),
        ("traffic", numbers(&model.given.traffic.all())),
        ("quotas", numbers(&model.given.quotas.all())),
    ]
}

fn first_limits(model: &Model, limits: &[Limit]) -> String {
    let mut rows = vec![];
    for (kind, name) in KINDS.into_iter().enumerate() {
        for load in model.given.shown.log_ins_per_minute {
            let mut row = vec![whole(load), name.to_owned()];
            row.extend([0, 1, 2].map(|account| first_limit(limits, account, kind, load)));
            rows.push(row);
        }
    }
    let head = format!("log-ins a minute | load | {}", ACCOUNTS.join(" | "));
    table(&head, 5, &rows)
}

fn first_limit(limits: &[Limit], account: usize, kind: usize, per_minute: f64) -> String {
    let Some(limit) = first(limits, account, kind) else {
        return String::new();
    };
    let factor = per_minute / 60.0 / limit.reached[kind];
    let cell = format!(
        "{} of {}",
        bold_if(factor > 1.0, &short(factor)),
        limit.quota.what
    );
    // The share that a limit does not let through is known where nothing but log-ins arrives, at one rate.
    if factor <= 1.0 || kind != 0 {
        return cell;
    }
    format!("{cell}: {:.1} % refused", (1.0 - 1.0 / factor) * 100.0)
}

fn reached(limits: &[Limit]) -> String {
    let row = |limit: &Limit| {
        let (value, unit) = (plain(limit.quota.value), &limit.quota.unit);
        let mut row = vec![
            limit.quota.what.clone(),
            format!("{value} {unit}").trim().to_owned(),
        ];
        row.extend(
            limit
                .reached
                .map(|rate| whole(rate * 60.0).replace("inf", "never")),
        );
        row.push(limit.quota.raise.clone());
        row
    };
    let head = format!("limit | value | {} | to raise it", KINDS.join(" | "));
    table(&head, 6, &limits.iter().map(row).collect::<Vec<_>>())
}

fn raise(model: &Model, limits: &[Limit]) -> String {
    let loads = model.given.shown.log_ins_per_minute;
    let headroom = model.given.traffic.headroom.value;
    let most = loads.iter().copied().fold(0.0, f64::max);
    // A limit that needs no raising for any of the loads is left out.
    let met = |limit: &&Limit| {
        limit.reached[..2]
            .iter()
            .any(|reached| most / 60.0 * headroom > *reached)
    };
    let row = |limit: &Limit| {
        let now = limit.quota.value;
        let mut row = vec![limit.quota.what.clone(), plain(now)];
        for reached in &limit.reached[..2] {
            row.extend(loads.map(|load| {
                let needed = (now * load / 60.0 / reached * headroom).ceil();
                bold_if(needed > now, &plain(needed))
            }));
        }
        row
    };
    let mut head = "limit | default".to_owned();
    for kind in &KINDS[..2] {
        head.extend(loads.map(|load| format!(" | {}, {kind}", whole(load))));
    }
    table(&head, 1, &limits.iter().filter(met).map(row).collect::<Vec<_>>())
}

fn running(model: &Model) -> String {
    let (time, traffic) = (&model.given.time, &model.given.traffic);
    let rows = model.given.shown.log_ins_per_minute.map(|load| {
        let rate = load / 60.0;
        let burst = rate * traffic.burst_factor.value * model.cold_log_in_seconds();
        let token = rate * model.log_in_seconds();
        let me = p99(rate * traffic.reads_per_log_in.value * model.me_seconds());
        vec![
            whole(load),
            short(rate),
            format!("{}, {}", short(token), plain(p99(token))),
            format!("{}, {}", short(burst), plain(p99(burst))),
            short(p99(token) / time.refresh.value),
            plain(me),
            short(me / time.refresh.value),
            short(me / time.unknown_kid.value),
        ]
    });
    let token =
        "log-ins a minute | a second | `token`: mean, p99 | in a burst: mean, p99 | secret, reads a second";
    let me = "`me`: p99 | key set, reads a second | with made-up `kid`s";
    table(&format!("{token} | {me}"), 1, &rows)
}
