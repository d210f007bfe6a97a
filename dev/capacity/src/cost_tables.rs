//! The tables of `docs/cost.md`.

use crate::cost::{DAYS, SERVICES};
use crate::mail;
use crate::markdown::{bold_if, money, numbers, plain, short, table, whole};
use crate::model::{Model, Operation};
use crate::price::{Price, Step};

/// Each table with its name in the document.
pub(crate) fn tables(model: &Model) -> [(&'static str, String); 12] {
    [
        ("million", million(model)),
        ("access", access(model)),
        ("memory", memory(model)),
        ("idle", idle(model)),
        ("idle-mail", mail::idle(model)),
        ("mails", mail::mails(model)),
        ("steady", steady(model)),
        ("users", users(model)),
        ("request", request(model)),
        ("time", numbers(&model.given.time.all())),
        ("bytes", numbers(&model.given.bytes.all())),
        ("prices", prices(model)),
    ]
}

/// The services' cells, the largest in bold, and their sum.
fn by_service(mut row: Vec<String>, cost: [f64; 6]) -> Vec<String> {
    let largest = cost.into_iter().fold(0.0, f64::max);
    row.extend(cost.map(|part| bold_if(part == largest, &money(part))));
    row.push(money(cost.iter().sum()));
    row
}

fn million(model: &Model) -> String {
    let rows = model.operations().map(|operation| {
        let row = vec![operation.label(), plain(operation.memory_mb)];
        by_service(row, model.million(operation, operation.memory_mb))
    });
    let head = format!("a million of | MB | {} | sum", SERVICES.join(" | "));
    table(&head, 1, &rows)
}

fn access(model: &Model) -> String {
    let cost = money(model.million_access_lines());
    format!("The access log is {cost} of the logs' cost of a million requests.\n")
}

fn memory(model: &Model) -> String {
    let row = |&memory: &f64| {
        let mut row = vec![plain(memory)];
        row.extend(model.operations().map(|operation| {
            let usd = model.million(operation, memory).iter().sum();
            let ms = model.warm_ms(operation, memory).ceil();
            bold_if(operation.memory_mb == memory, &format!("{}, {ms} ms", money(usd)))
        }));
        row
    };
    let keys = model.operations().map(Operation::label);
    let rows: Vec<_> = model.given.shown.memory_mb.iter().map(row).collect();
    table(&format!("MB | {}", keys.join(" | ")), 1, &rows)
}

fn idle(model: &Model) -> String {
    let lines = model.idle();
    let sum = lines.iter().map(|(_, _, usd)| usd).sum();
    let mut rows = lines
        .map(|(what, count, usd)| vec![what.to_owned(), plain(count), money(usd)])
        .to_vec();
    rows.push(vec!["sum".to_owned(), String::new(), money(sum)]);
    table("what | how many | a month", 1, &rows)
}

fn steady(model: &Model) -> String {
    let traffic = &model.given.traffic;
    let (reads, refreshes) = (traffic.reads_per_log_in.value, traffic.refreshes_per_log_in.value);
    let rows = model.given.shown.log_ins_per_minute.map(|load| {
        let log_ins = load * 60.0 * 24.0 * DAYS;
        let with_reads = model.cost(&[
            (&model.log_in, log_ins),
            (&model.refresh, log_ins * refreshes),
            (&model.me, log_ins * reads),
        ]);
        let mut row = by_service(vec![whole(load)], model.cost(&[(&model.log_in, log_ins)]));
        row.push(money(with_reads.iter().sum()));
        row
    });
    let with_reads = format!(
        "with {} `GET /users/me` and {} refresh each",
        plain(reads),
        plain(refreshes)
    );
    let head = format!("log-ins a minute | {} | sum | {with_reads}", SERVICES.join(" | "));
    table(&head, 1, &rows)
}

fn users(model: &Model) -> String {
    let (traffic, prices, bytes) = (&model.given.traffic, &model.given.prices, &model.given.bytes);
    let (lite, essentials) = (&prices.cognito_lite, &prices.cognito_essentials);
    let plus = &prices.cognito_plus;
    let idle: f64 = model.idle().iter().map(|(_, _, usd)| usd).sum();
    let row = |&users: &f64| {
        let without_reads = [
            (&model.register, users * traffic.new_users.value),
            (&model.log_in, users * traffic.log_ins.value),
            (&model.refresh, users * traffic.refreshes.value),
            (&model.jwks, traffic.key_set_fetches.value),
        ];
        let reads = [(&model.me, users * traffic.reads.value)];
        let user = model.given.user_item(traffic.sessions.value);
        let items = [user, bytes.username_marker.value, bytes.email_marker.value];
        let storage = model.storage(&items, users * traffic.stored_users.value);
        let requests: f64 = model.cost(&[&without_reads[..], &reads].concat()).iter().sum();
        let fewer: f64 = model.cost(&without_reads).iter().sum();
        let fixed = idle + storage;
        let mut row = vec![whole(users)];
        row.extend([idle, storage, requests, fixed + requests, fixed + fewer].map(money));
        row.extend([lite, essentials, plus].map(|plan| money(plan.of(users))));
        row.extend([lite, essentials].map(|plan| money(plan.beyond_free(users))));
        row
    };
    let ours = "active users | idle | storage | requests | Latchkey | without reads";
    let plans = "Cognito Lite | Essentials | Plus | Lite, free tier counted | Essentials, free tier counted";
    let rows: Vec<_> = model.given.shown.active_users.iter().map(row).collect();
    table(&format!("{ours} | {plans}"), 1, &rows)
}

fn request(model: &Model) -> String {
    let lines = &model.given.log_lines;
    let rows = model.operations().map(|operation| {
        vec![
            operation.label(),
            short(model.warm_ms(operation, operation.memory_mb)),
            plain(model.billed_cold_ms(operation)),
            plain(model.read_units(&operation.reads)),
            plain(model.write_units(operation)),
            plain(operation.response),
            plain(model.request_log_bytes(operation)),
            plain(model.log_bytes(std::slice::from_ref(&lines.access))),
            plain(model.log_bytes(&lines.cold_start)),
        ]
    });
    let times = "request | ms, warm | billed ms more, cold | read units | write units";
    let bytes = "response bytes | log bytes | of them the access log's | log bytes more, cold";
    table(&format!("{times} | {bytes}"), 1, &rows)
}

/// The item of a user by the number of sessions: the table of `docs/sessions.md`.
pub(crate) fn sessions(model: &Model) -> String {
    let row = |&sessions: &f64| {
        let item = model.given.user_item(sessions);
        let log_in = [item + model.given.bytes.attempt.value; 2];
        let written = model.plain_write_units(&log_in);
        let mut row = [sessions, item, model.read_units(&[item]), written]
            .map(plain)
            .to_vec();
        // Without a session there is nothing to refresh.
        let refreshed = (sessions > 0.0).then(|| plain(model.plain_write_units(&[item])));
        row.push(refreshed.unwrap_or_default());
        row
    };
    let units = "read units of `GET /users/me` | write units of a log-in | of a refresh";
    let rows: Vec<_> = model.given.shown.sessions.iter().map(row).collect();
    table(&format!("sessions | bytes of the item | {units}"), 0, &rows)
}

fn prices(model: &Model) -> String {
    let row = |price: &Price| {
        let step = |step: &Step| format!("; above {}: {}", whole(step.above), step.usd);
        vec![
            price.title.clone(),
            price.usd.to_string() + &price.then.iter().map(step).collect::<String>(),
            format!("{} × {}", whole(price.per), price.unit),
            price.as_of.clone(),
            format!("<{}>", price.source),
        ]
    };
    let rows: Vec<_> = model.given.prices.all().into_iter().map(row).collect();
    table("price | USD | for | known as of | page", 5, &rows)
}
