//! Explores every interleaving of small worlds around the decisions of `shared`. `docs/sessions.md` says what is in them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "how much was explored is worth knowing")]

use std::fmt::Debug;
use std::hash::Hash;

use pathfinding::directed::bfs::bfs;

mod addresses;
mod names;
mod sessions;

/// A world: its steps, and what must hold after each.
trait World {
    type State: Clone + Debug + Eq + Hash;
    type Step: Debug;

    /// Returns all steps that are possible in a state, and the states that they lead to.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;

    /// Returns the rule that a state breaks.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;
}

/// Visits every state that can be reached from `start`; shows a shortest way to the first that breaks a rule. There must be `least`
/// states, so that nothing passes because nothing happened.
fn explore<W: World>(world: &W, start: &W::State, least: usize) {
    let mut visited = 0;
    let way = bfs(
        start,
        |state| {
            visited += 1;
            world.steps(state).into_iter().map(|(_, next)| next)
        },
        |state| world.broken(state).is_some(),
    );
    let way = way.unwrap_or_default();
    let taken = way.windows(2).filter_map(|pair| {
        let mut steps = world.steps(&pair[0]).into_iter();
        steps.find(|(_, next)| *next == pair[1])
    });
    let taken: String = taken.map(|(step, _)| format!("\n  {step:?}")).collect();
    let rule = way.last().and_then(|last| world.broken(last));
    assert!(
        rule.is_none(),
        "{} is broken after{taken}",
        rule.unwrap_or_default()
    );
    assert!(visited >= least, "only {visited} states");
    println!("{visited} states");
}
