//! The keys of a running `cargo dev`: the ring is a file of its folder.

use shared::clock::{Clock, Timestamp};
use shared::env::Env;
use shared::keys::{Lead, Lifecycle, PublishedStore, RingStore, Rotation};

use super::say;
use crate::deployment::Deployment;

/// The ring and the published keys of a running `cargo dev`.
pub(super) struct Local {
    rotation: Rotation,
}

impl Local {
    /// Finds them. `option` is what names the ring's place on AWS.
    pub(super) async fn find(deployment: &Deployment, option: &str) -> Result<Self, String> {
        let dev = deployment.dev.as_ref().ok_or_else(|| {
            format!("the keys of which deployment? Give --stack, or {option}; for a running `cargo dev` say `cargo latchkey`")
        })?;
        let file = dev.keys_file();
        if !file.exists() {
            return Err(format!(
                "{} is not there: put back a copy, or start `cargo dev` again",
                file.display()
            ));
        }
        let own = Env::new(|name| dev.ring_variable(name));
        let rotation = Rotation {
            ring: RingStore::connect(&own)
                .await
                .map_err(|error| error.to_string())?,
            published: PublishedStore::new(deployment.table.clone()),
            lifecycle: Lifecycle::read(&own).map_err(|error| error.to_string())?,
            clock: Clock::system(),
        };
        Ok(Self { rotation })
    }

    /// Rotates, and says when that is seen.
    pub(super) async fn rotate(&self) -> Result<(), String> {
        self.rotation.rotate().await.map_err(|error| error.to_string())?;
        let ring = self.rotation.ring.current().await;
        let signs_from = ring.ok().and_then(|ring| ring.newest_signs_from());
        let (now, lead) = (self.rotation.clock.now(), self.rotation.lifecycle.lead);
        say(&after_a_rotation(now, lead, signs_from));
        Ok(())
    }

    /// Drops a compromised key, and says when that is seen.
    pub(super) async fn drop_key(&self, kid: &str) -> Result<(), String> {
        self.rotation
            .drop_compromised(kid)
            .await
            .map_err(|error| error.to_string())?;
        say(&after_a_drop(
            self.rotation.clock.now(),
            self.rotation.lifecycle.lead,
        ));
        Ok(())
    }
}

/// Describes when a rotation takes effect. A function's own copy of the keys has its maximum age, and the lead is longer than all copies
/// of a verifier may be old together.
fn after_a_rotation(now: Timestamp, lead: Lead, signs_from: Option<Timestamp>) -> String {
    let (by_us, by_all) = (now.plus(lead.copy_seconds()), now.plus(lead.seconds));
    let signs = signs_from.map_or_else(String::new, |time| format!("; it signs from {time}"));
    format!("`cargo dev` publishes the new key by {by_us}, and every verifier has it by {by_all}{signs}.")
}

fn after_a_drop(now: Timestamp, lead: Lead) -> String {
    let (by_us, by_all) = (now.plus(lead.copy_seconds()), now.plus(lead.seconds));
    format!(
        "`cargo dev` rejects tokens of what was dropped by {by_us}. Other verifiers accept them until their caches expire, at the \
         latest at {by_all}: have them fetch the JWK Set after {by_us}."
    )
}

#[cfg(test)]
mod tests {
    use shared::clock::Timestamp;
    use shared::keys::Lead;

    use super::{after_a_drop, after_a_rotation};

    #[test]
    fn a_change_says_by_when_who_sees_it() {
        let now = Timestamp::parse("2027-01-15T08:01:00Z").unwrap();
        let lead = Lead { seconds: 720 };
        // A 72nd of the lead, and the lead.
        assert_eq!(
            after_a_rotation(now, lead, Some(now.plus(4260))),
            "`cargo dev` publishes the new key by 2027-01-15T08:01:10Z, and every verifier has it by 2027-01-15T08:13:00Z; it signs \
             from 2027-01-15T09:12:00Z."
        );
        let dropped = after_a_drop(now, lead);
        assert!(
            dropped.contains("by 2027-01-15T08:01:10Z")
                && dropped.contains("at the latest at 2027-01-15T08:13:00Z"),
            "{dropped}"
        );
    }
}
