use std::collections::BTreeMap;
use std::path::Path;

use pages::Form;
use testing::deployment::MAIL_FROM;
use testing::event::Event;
use testing::runtime_api::{check_lines, run};

use crate::TOKEN;

#[tokio::test]
async fn n_17_at_the_most_detailed_level_no_line_holds_a_secret() {
    let variables = [
        ("MAIL_FROM", MAIL_FROM),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ];
    let variables: BTreeMap<String, String> = variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let query = format!("token={TOKEN}");
    let sent: Vec<_> = Form::ALL
        .iter()
        .flat_map(|form| ["GET", "HEAD"].map(|method| Event::new(method, form.path()).query(&query)))
        .map(|event| event.value().clone())
        .collect();
    let served = run(Path::new(env!("CARGO_BIN_EXE_pages")), &variables, &sent).await;
    assert_eq!(served.statuses(), [200; 4]);
    check_lines(&served.output, &[TOKEN]);
}
