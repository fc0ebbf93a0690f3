//! The behaviour of the layer through its public API. A test that makes a numbered statement true carries the number
//! in its name.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod caches;
mod callback;
mod canary;
mod challenge_properties;
mod challenges;
mod crashes;
mod custom_grant;
mod device;
#[cfg(unix)]
mod file_store;
#[cfg(unix)]
mod file_store_processes;
mod hit_path;
mod house;
mod identity;
mod jwt_bearer;
mod keep_alive;
mod leaves;
mod lengths;
mod limit;
mod loopback;
mod loopback_listener;
#[cfg(target_os = "linux")]
mod memory;
mod metadata;
mod outage;
mod pool;
mod profiles;
mod refresh;
mod rejection;
mod replay;
mod replay_body;
mod reqwest_middleware;
mod retry;
mod retry_after_properties;
mod retry_cost;
mod retry_loopback;
mod revocation;
mod runtime;
#[cfg(unix)]
mod sealed_store;
mod secret_source;
mod secrets;
mod sign_in;
mod sign_in_needed;
mod single_flight;
mod stack;
#[cfg(unix)]
mod stores;
mod support;
mod tenants;
mod timing;
mod tls;
mod token_errors;
mod token_exchange;
mod token_request;
mod token_response;
mod unsaved;
mod urls;
mod usage;
mod user_agents;
