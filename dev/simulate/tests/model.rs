//! The model keeps the laws that its numbers rest on.

use simulate::assumptions::{GATEWAY_RATE, PARTITION_READS, ROUTE_RATE, SCALING, TABLE_READS};
use simulate::demand;
use simulate::duration::{cold_start, warm_log_in};
use simulate::limit::Limit;
use simulate::model::run;
use simulate::outcome::{Outcome, Refusal};
use simulate::quotas::Quotas;
use simulate::scenario::{Phase, Scenario, Users};
use simulate::time::{as_seconds, seconds};

fn at_rate(rate: f64, length: f64) -> Scenario {
    Scenario {
        phases: vec![Phase {
            rate,
            length: seconds(length),
        }],
        warm_up: 0,
        users: Users::Many,
        seed: 1,
    }
}

fn served_each_second(outcome: &Outcome, scenario: &Scenario) -> f64 {
    (outcome.arrivals.total() - outcome.refused()) as f64 / as_seconds(scenario.length() - scenario.warm_up)
}

#[track_caller]
fn assert_within_two_percent(seen: f64, expected: f64) {
    assert!(
        (seen / expected - 1.0).abs() < 0.02,
        "{seen} is not within 2 % of {expected}"
    );
}

#[test]
fn mean_concurrency_is_the_rate_times_the_duration() {
    let outcome = run(&Scenario::steady(10_000, Users::Many), &Quotas::none());
    assert_within_two_percent(
        outcome.concurrency.mean(),
        10_000.0 / 60.0 * warm_log_in() / 1_000.0,
    );
}

#[test]
fn a_load_below_the_quota_throttles_nobody() {
    let outcome = run(&Scenario::steady(10_000, Users::Many), &Quotas::standard());
    assert!(outcome.arrivals.total() > 200_000);
    assert_eq!(outcome.refused(), 0);
}

#[test]
fn a_burst_above_the_scaling_rate_throttles_and_one_below_does_not() {
    let only_scaling = Quotas {
        scaling: Quotas::standard().scaling,
        ..Quotas::none()
    };
    // All that come while the first environments start need environments of their own.
    let at_the_limit = SCALING.value / ((cold_start() + warm_log_in()) / 1_000.0);
    let below = run(&at_rate(at_the_limit * 0.8, 10.0), &only_scaling);
    assert_eq!(below.refused(), 0);
    let above = run(&at_rate(at_the_limit * 2.0, 10.0), &only_scaling);
    assert!(above.refused_by(Refusal::Scaling) > 500);
    assert_eq!(above.refused(), above.refused_by(Refusal::Scaling));
}

#[test]
fn the_concurrency_quota_is_never_exceeded() {
    let quotas = Quotas {
        concurrency: Some(20.0),
        ..Quotas::none()
    };
    let outcome = run(&at_rate(1_000.0, 20.0), &quotas);
    assert_eq!(outcome.concurrency.most(), 20);
    assert!(outcome.refused() > 0);
}

#[test]
fn a_quota_raised_by_its_factor_no_longer_throttles() {
    let scenario = Scenario::steady(1_000_000, Users::Many);
    let unlimited = run(&scenario, &Quotas::none());
    let gateway = Quotas::standard().gateway.unwrap();
    let factor = gateway.factor(&unlimited.arrivals);
    let refused_at = |factor: f64| {
        let quotas = Quotas {
            gateway: Some(gateway.times(factor)),
            ..Quotas::none()
        };
        run(&scenario, &quotas).refused_share()
    };
    assert_within_two_percent(factor, 1_000_000.0 / 60.0 / GATEWAY_RATE.value);
    assert!(refused_at(factor) == 0.0);
    assert!(refused_at(factor * 0.9) > 0.05);
}

#[test]
fn an_account_with_raised_quotas_serves_a_steady_million_a_minute() {
    let scenario = Scenario::steady(1_000_000, Users::Many);
    let raised = demand::raised(&run(&scenario, &Quotas::none()));
    assert_eq!(run(&scenario, &raised).refused(), 0);
}

#[test]
fn one_user_gets_no_more_log_ins_than_a_partition_serves() {
    let scenario = Scenario::steady(1_000_000, Users::One);
    let only_table = Quotas {
        table: Some(TABLE_READS.value * 10.0),
        ..Quotas::none()
    };
    let outcome = run(&scenario, &only_table);
    assert_within_two_percent(served_each_second(&outcome, &scenario), PARTITION_READS.value);
    let many = Scenario {
        users: Users::Many,
        ..scenario
    };
    assert_eq!(run(&many, &only_table).refused(), 0);
}

#[test]
fn a_route_with_its_own_throttling_answers_429_above_it() {
    let quotas = Quotas {
        route: Some(Limit {
            rate: 50.0,
            burst: 10.0,
        }),
        ..Quotas::standard()
    };
    let scenario = at_rate(100.0, 600.0);
    let outcome = run(&scenario, &quotas);
    assert_within_two_percent(served_each_second(&outcome, &scenario), 50.0);
    assert_within_two_percent(outcome.refused_share_with(true), 0.5);
    assert_eq!(outcome.refused_by(Refusal::Route), outcome.refused());
}

#[test]
fn as_deployed_the_route_limits_as_the_template_says_and_shields_a_new_account() {
    let few = Scenario::steady(100, Users::Many);
    assert_eq!(run(&few, &Quotas::as_deployed()).refused(), 0);
    let many = Scenario::steady(10_000, Users::Many);
    let outcome = run(&many, &Quotas::as_deployed());
    assert_within_two_percent(served_each_second(&outcome, &many), ROUTE_RATE.value);
    assert_eq!(outcome.refused_by(Refusal::Route), outcome.refused());
}

#[test]
fn rare_log_ins_find_no_environment_and_frequent_ones_do() {
    let rare = run(&at_rate(1.0 / 36_000.0, 36_000_000.0), &Quotas::none());
    assert!(rare.cold_share() > 0.9);
    let frequent = run(&at_rate(1.0, 36_000.0), &Quotas::none());
    assert!(frequent.cold_share() < 0.01);
}

#[test]
fn the_same_seed_gives_the_same_outcome_and_another_seed_another() {
    let scenario = Scenario::burst(10_000);
    let again = run(&scenario, &Quotas::standard());
    assert_eq!(run(&scenario, &Quotas::standard()), again);
    let other = Scenario {
        seed: scenario.seed + 1,
        ..scenario
    };
    assert_ne!(run(&other, &Quotas::standard()), again);
}
