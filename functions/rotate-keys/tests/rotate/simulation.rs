//! What holds in the [`World`] of rotations and verifiers.

use shared::keys::Lead;

use super::fixture::{LEAD, ROTATION};
use super::world::{MINUTE, SHARP, Times, VERIFIER_KEEPS, VERIFIERS, World};

/// Runs a simulation of some days; every check is in [`World::check`].
async fn holds(seed: u64, days: i64) {
    let mut world = World::new(seed, SHARP).await;
    world.run(days).await;
    let counts = &world.counts;
    println!("seed {seed}, {days} days: {counts:?}");
    // The run has met what it tests.
    let enough = u64::try_from(days / 2).unwrap();
    assert!(
        counts.rotations > enough && counts.failed_attempts > enough,
        "{counts:?}"
    );
    assert!(
        counts.signed_by > usize::try_from(days / 2).unwrap() && counts.checks > 5_000 * enough,
        "{counts:?}"
    );
}

#[tokio::test]
async fn no_verifier_meets_an_unfetchable_key_and_no_key_leaves_before_its_tokens_expire() {
    holds(1, 14).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/full runs it"]
async fn the_same_for_a_season_with_many_seeds() {
    let seasons: Vec<_> = (2..9).map(|seed| tokio::spawn(holds(seed, 40))).collect();
    for season in seasons {
        season.await.unwrap();
    }
}

#[tokio::test]
async fn an_emergency_costs_nothing_once_the_next_key_is_known_and_a_cache_time_before() {
    let template = Times {
        lead: LEAD,
        rotation: ROTATION,
    };
    let lead = Lead {
        seconds: template.lead,
    };
    let longest = (VERIFIER_KEEPS + i64::from(lead.cache_seconds() + lead.copy_seconds())) / MINUTE + 2;
    let mut world = World::new(4, template).await;
    world.run(1).await;
    let known = world.emergency().await;
    println!("the next key had been published for a day: {known:?}");
    assert!(known.rejecting == 0, "{known:?}");
    assert!(
        known.accepting_minutes > 60 && known.accepting_minutes <= longest,
        "{known:?}"
    );
    // The emergency has made a new next key. Two more, one right after the other, leave no key that verifiers know.
    let next = world.fixture.ring().keys[1].key.kid().to_owned();
    world.fixture.compromised(&next).await.unwrap();
    let unknown = world.emergency().await;
    println!("the next key was new: {unknown:?}");
    assert!(unknown.rejecting > VERIFIERS * 9 / 10, "{unknown:?}");
    assert!(
        unknown.rejecting_minutes > 60 && unknown.rejecting_minutes <= longest,
        "{unknown:?}"
    );
}
