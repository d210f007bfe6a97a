//! The session keys of the simulated rings.

use shared::clock::Timestamp;
use shared::keys::Ring;

use super::World;

/// How long a session lives in a run, in seconds: the keys of its tokens leave during it.
pub(super) const SESSION_LIFE: u32 = 2 * 86_400;

impl World {
    /// Notes which session keys are in the ring by now.
    pub(super) fn note_session_keys(&mut self, entered: Timestamp) {
        for key in self.fixture.ring().session_keys {
            self.session_keys.entry(*key.id()).or_insert((entered, entered));
        }
    }

    /// Seals a session's token by a function's copy of the ring, with a key that was in the ring for the lead. The function can open
    /// those of all sessions, by its copy or by reading the ring again.
    pub(super) async fn seal(&mut self, signer: usize, ring: &Ring) {
        let now = self.fixture.now();
        let id = *ring.session_key(now).unwrap().id();
        let (entered, end) = self.session_keys.get_mut(&id).unwrap();
        assert!(
            entered.plus(self.times.lead) <= now,
            "{id:?} entered at {entered}"
        );
        *end = now.plus(SESSION_LIFE);
        for (id, (_, end)) in self.session_keys.iter().filter(|(_, (_, end))| now < *end) {
            let key = |ring: &Ring| ring.session_key_of(id).cloned();
            let found = self.signers[signer].ring.find(key).await.unwrap();
            assert!(found.is_some(), "{id:?} is gone at {now}, before {end}");
        }
        let used = self.session_keys.values().filter(|(entered, end)| entered < end);
        self.counts.sealed_by = used.count();
    }
}
