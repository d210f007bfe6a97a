//! What a request uses and a million of them cost.

use super::cost_cells;
use crate::inputs::Inputs;
use crate::load::memory_mb;
use crate::measured::Operation;
use crate::operation_cost::{Cost, Use, waiting_ms, warm_ms, warm_read_units, write_units};
use crate::table::{money, percent, table, whole};

const MILLION: f64 = 1_000_000.0;

pub(super) fn in_short(inputs: &Inputs) -> String {
    let used = |operation| million(inputs, operation, memory_mb(inputs, operation));
    let (read, registration) = (
        used(&inputs.measured.operation.me),
        used(&inputs.measured.operation.register),
    );
    let rows: Vec<_> = inputs
        .measured
        .operation
        .all()
        .into_iter()
        .map(|operation| {
            let memory_mb = memory_mb(inputs, operation);
            let mut row = vec![
                format!("{}, `{}`", operation.title, operation.route),
                memory_mb.to_string(),
            ];
            row.extend(cost_cells(used(operation)));
            row
        })
        .collect();
    format!(
        "## A million requests

At the memory that [`template.yaml`](../template.yaml) gives.

{}
Lambda's column is time and requests, {} of it for the requests. The gateway is {} of a read; the transaction is {} of a
registration.
",
        table(
            &["a million of", "MB", "Lambda", "gateway", "store", "logs", "data out", "secret", "sum"],
            true,
            &rows
        ),
        money(inputs.prices.lambda_requests.of(MILLION)),
        percent(read.gateway / read.total()),
        percent(registration.store / registration.total()),
    )
}

pub(super) fn per_million(inputs: &Inputs) -> String {
    let mut text = "## By memory

Milliseconds are computed, not measured: the time on a full core, longer by as much as the memory is below the one that AWS says
brings a full core, and then the waiting, which stays. The row that the template uses is bold.
"
    .to_owned();
    for operation in inputs.measured.operation.all() {
        let used = memory_mb(inputs, operation);
        let mut sizes = inputs.assumed.lambda.sizes_mb.clone();
        if !sizes.contains(&used) {
            sizes.push(used);
            sizes.sort_unstable();
        }
        let rows: Vec<_> = sizes
            .into_iter()
            .map(|size| memory_row(inputs, operation, size, size == used))
            .collect();
        text += &format!(
            "\n### A million of `{}`\n\n{}",
            operation.route,
            table(
                &[
                    "MB",
                    "billed ms",
                    "Lambda",
                    "gateway",
                    "store",
                    "logs",
                    "data out",
                    "secret",
                    "sum"
                ],
                true,
                &rows
            )
        );
    }
    text
}

fn memory_row(inputs: &Inputs, operation: &Operation, memory_mb: u32, used: bool) -> Vec<String> {
    let mut row = vec![
        memory_mb.to_string(),
        whole(warm_ms(inputs, operation, memory_mb)),
    ];
    row.extend(cost_cells(million(inputs, operation, memory_mb)));
    if used {
        row.into_iter().map(|cell| format!("**{cell}**")).collect()
    } else {
        row
    }
}

fn million(inputs: &Inputs, operation: &Operation, memory_mb: u32) -> Cost {
    Use::of(inputs, operation, memory_mb, MILLION).cost(inputs)
}

pub(super) fn used_up(inputs: &Inputs) -> String {
    let measured = &inputs.measured;
    let rows: Vec<_> = measured
        .operation
        .all()
        .into_iter()
        .map(|operation| {
            vec![
                format!("`{}`", operation.route),
                operation.cpu_ms.to_string(),
                waiting_ms(inputs, operation).to_string(),
                (operation.reads.len() + usize::from(!operation.transaction.is_empty())).to_string(),
                warm_read_units(inputs, operation).to_string(),
                write_units(inputs, operation).to_string(),
                operation.answer_bytes.to_string(),
                measured.log_bytes.invocation.to_string(),
            ]
        })
        .collect();
    let commands: Vec<_> = measured
        .operation
        .all()
        .into_iter()
        .map(|operation| {
            vec![
                format!("`{}`", operation.route),
                operation.cpu_command.clone(),
                operation.bytes_command.clone(),
            ]
        })
        .collect();
    format!(
        "## What one request uses

Measured on {date}, on {machine}, but for the waiting, which is assumed.
`dev/cost/measure` shows the bytes again. A user with a username and an e-mail address is {count} items:
{items}.

{figures}
A read takes one unit for each 4 KB begun, strongly consistent. A write in a transaction takes two units for each KB begun of each
item: a registration is {units} units.

{commands}",
        date = measured.date,
        machine = measured.machine,
        items = item_list(inputs),
        units = write_units(inputs, &measured.operation.register),
        count = measured.operation.register.transaction.len(),
        figures = table(
            &[
                "request",
                "ms on a full core",
                "ms waiting",
                "store requests",
                "read units",
                "write units",
                "answer bytes",
                "log bytes"
            ],
            true,
            &rows
        ),
        commands = table(&["request", "its milliseconds come from", "its bytes come from"], false, &commands),
    )
}

fn item_list(inputs: &Inputs) -> String {
    let bytes = &inputs.measured.item_bytes;
    let sizes: Vec<_> = inputs
        .measured
        .operation
        .register
        .transaction
        .iter()
        .map(|item| bytes.of(*item).to_string())
        .collect();
    format!(
        "{} bytes by DynamoDB's rule (`{}`)",
        sizes.join(", "),
        bytes.command
    )
}
