//! Ten thousand calls at once through one typed client, over a leaf in memory: one token request for all.

use journeys::{Fixture, Memory, until};
use tokio::task::JoinSet;

/// Runs every test of this file for one fixture.
macro_rules! suite {
    ($module:ident, $fixture:ty) => {
        mod $module {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn b01_first_calls_cost_one_token_request() {
                journeys::in_time(super::first_calls::<$fixture>()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn b34_rejections_at_once_cost_one_more() {
                journeys::in_time(super::rejections_at_once::<$fixture>()).await;
            }
        }
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto_admin, journeys::GotoAdmin);
suite!(goto_webinar, journeys::GotoWebinar);
suite!(gbg_go, journeys::GbgGo);
suite!(octotable, journeys::Octotable);

/// Starts all the calls. Each task returns whether its call succeeded.
fn start<F: Fixture>(client: &F::Client) -> JoinSet<bool> {
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { F::call(&client).await.is_ok() });
    }
    calls
}

async fn failures(calls: JoinSet<bool>) -> usize {
    calls.join_all().await.into_iter().filter(|fine| !fine).count()
}

/// Returns how many calls carried each of the first two tokens, and how many carried anything else.
fn carried(memory: &Memory) -> [usize; 3] {
    let authorizations = memory.authorizations();
    let count = |token: &str| authorizations.iter().filter(|one| one.as_deref() == Some(token)).count();
    let (first, second) = (count("Bearer memory-token-1"), count("Bearer memory-token-2"));
    [first, second, authorizations.len() - first - second]
}

async fn first_calls<F: Fixture>() {
    let memory = Memory::new::<F>();
    let client = memory.builder::<F>().build().unwrap();
    let hold = memory.hold_tokens();
    let calls = start::<F>(&client);
    until("the token request", || memory.token_requests() > 0).await;
    assert_eq!(memory.api_calls(), 0);
    drop(hold);
    assert_eq!(failures(calls).await, 0);
    assert_eq!((memory.token_requests(), carried(&memory)), (1, [CALLS, 0, 0]));
    assert_eq!(F::manager(&client).stats().exchanges, 1);
}

async fn rejections_at_once<F: Fixture>() {
    let memory = Memory::new::<F>();
    let client = memory.builder::<F>().build().unwrap();
    let hold = memory.hold_api();
    let calls = start::<F>(&client);
    until("every call at the API", || memory.api_calls() == CALLS).await;
    memory.revoke_tokens();
    drop(hold);
    assert_eq!(failures(calls).await, 0);
    assert_eq!((memory.token_requests(), carried(&memory)), (2, [CALLS, CALLS, 0]));
    let stats = F::manager(&client).stats();
    assert_eq!((stats.rejections, stats.resends), (CALLS as u64, CALLS as u64));
}

const CALLS: usize = 10_000;
