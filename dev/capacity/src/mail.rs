//! What mails cost, and what a stack that sends them costs without sending one.

use crate::cost::GB;
use crate::markdown::{money, plain, table, whole};
use crate::model::Model;

/// How many mails the table shows.
const MAILS: f64 = 1e6;
/// The mailer's requests to the table for one mail: four reads, the token, and the removal.
const REQUESTS: f64 = 6.0;

impl Model {
    /// What so many mails cost that clients ask for, each with a token, to an address that is not proved, and in a batch of its own: the
    /// service and the cost. A notice costs less.
    fn mails(&self, count: f64) -> [(&'static str, f64); 4] {
        let (bytes, time, prices) = (&self.given.bytes, &self.given.time, &self.given.prices);
        let [mail, token] = [bytes.mail.value, bytes.mail_token.value];
        // One transaction counts the mail, by network and by address, and puts it into the outbox. The mailer reads it, the address's marker,
        // the claims of the address and its user, writes the token, and removes the mail. A function's trigger reads the stream for nothing
        // (https://aws.amazon.com/dynamodb/pricing/on-demand/).
        let counter = bytes.network_counter.value;
        let asked_for = 2.0 * self.plain_write_units(&[mail, counter, counter]);
        let written = asked_for + self.plain_write_units(&[token, mail]);
        let user = self.given.user_item(self.given.traffic.sessions.value);
        let no_claims = 0.0;
        let read = self.read_units(&[mail, bytes.email_marker.value, no_claims, user]);
        let cold = self.given.time.cold_share.value
            * (time.start.value + 3.0 * time.handshake.value + time.secret.value);
        let seconds = count * (REQUESTS * time.store_request.value + time.send.value + cold) / 1_000.0;
        let gb = self.stack.mail_memory_mb / 1024.0;
        let lines = &self.given.log_lines;
        let logged = self.log_bytes(&lines.request) + self.log_bytes(std::slice::from_ref(&lines.event));
        let store = prices.write_units.of(count * written) + prices.read_units.of(count * read);
        [
            ("SES", prices.mails.of(count)),
            ("DynamoDB", store),
            (
                "Lambda",
                prices.lambda_requests.of(count) + prices.lambda_time.of(gb * seconds),
            ),
            ("logs", self.log_cost(count * logged / GB)),
        ]
    }

    /// A month without a mail, beyond that of [`Model::idle`]: what there is, how many, and the cost.
    fn idle_with_mail(&self) -> [(&'static str, f64, f64); 4] {
        let (mail, prices) = (&self.stack.mail, &self.given.prices);
        [
            (
                "secret with the key of mails",
                mail.secrets,
                prices.secrets.of(mail.secrets),
            ),
            (
                "metrics that alarms watch",
                mail.alarm_metrics,
                prices.alarm_metrics.of(mail.alarm_metrics),
            ),
            (
                "metrics of the logs, as above",
                mail.log_metrics,
                prices.log_metrics.of(mail.log_metrics),
            ),
            (
                "functions, with a queue and the stream's trigger",
                mail.functions,
                0.0,
            ),
        ]
    }
}

/// The table of mails of `docs/cost.md`.
pub(crate) fn mails(model: &Model) -> String {
    let cost = model.mails(MAILS);
    let sum = cost.iter().map(|(_, usd)| usd).sum();
    let head: Vec<_> = cost.iter().map(|(service, _)| *service).collect();
    let mut row = vec![whole(MAILS)];
    row.extend(cost.map(|(_, usd)| money(usd)));
    row.push(money(sum));
    table(&format!("mails | {} | sum", head.join(" | ")), 0, &[row])
}

/// The table of an idle month with mail of `docs/cost.md`.
pub(crate) fn idle(model: &Model) -> String {
    let lines = model.idle_with_mail();
    let sum = lines.iter().map(|(_, _, usd)| usd).sum();
    let mut rows = lines
        .map(|(what, count, usd)| vec![what.to_owned(), plain(count), money(usd)])
        .to_vec();
    rows.push(vec!["sum".to_owned(), String::new(), money(sum)]);
    table("what | how many | a month more", 1, &rows)
}

#[cfg(test)]
mod tests {
    use crate::model::round_figures;

    #[test]
    fn a_mail_that_is_asked_for_takes_eight_write_and_four_read_units() {
        let mut model = round_figures();
        let prices = &mut model.given.prices;
        (prices.write_units.usd, prices.write_units.per) = (1.0, 1.0);
        (prices.read_units.usd, prices.read_units.per) = (100.0, 1.0);
        (prices.mails.usd, prices.mails.per) = (5.0, 1.0);
        // Two units for each of the transaction's three items, one for the token and one for the removal; the mail, the marker, the claims and
        // the user are read.
        let [ses, store, ..] = model.mails(10.0);
        assert_eq!([ses.1, store.1], [50.0, 4_080.0]);
    }
}
