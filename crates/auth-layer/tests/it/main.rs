//! The behaviour of the layer through its public API. If a test keeps a numbered promise, its name begins with the
//! number.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod answer_shapes;
mod blank_secrets;
mod body_signs;
mod caches;
mod callback;
mod canary;
mod challenge_properties;
mod challenges;
mod crashes;
mod custom_grant;
mod dead_grants;
mod dead_on_arrival;
mod default_transport;
mod departing;
mod departures;
mod device;
#[cfg(unix)]
mod file_store;
#[cfg(unix)]
mod file_store_processes;
mod foreign_bodies;
mod grpc;
mod hit_path;
mod hostile;
mod house;
mod identity;
mod jwt_bearer;
mod keep_alive;
mod layers;
mod leaves;
mod lengths;
mod limit;
mod loopback;
mod loopback_listener;
mod lost_answers;
#[cfg(target_os = "linux")]
mod memory;
mod metadata;
mod misuse;
mod one_shot;
mod one_shot_wire;
mod outage;
mod patience;
mod pool;
mod pool_eviction;
mod pool_memory;
mod profile_data;
mod proxies;
mod recovery;
mod refresh;
mod refusal_text;
mod refusals;
mod refused;
mod rejection;
mod replay;
mod replay_body;
mod reqwest_middleware;
mod reservations;
mod retry;
mod retry_after_properties;
mod retry_cost;
mod retry_loopback;
mod revocation;
mod runtime;
#[cfg(unix)]
mod sealed_store;
mod second_rejection;
mod secret_source;
mod secrets;
mod sign_in;
mod sign_in_needed;
mod sign_out_earlier;
mod single_flight;
mod stack;
#[cfg(unix)]
mod stores;
mod support;
mod take_over;
mod take_over_races;
mod targets;
mod tenants;
mod timing;
mod tls;
mod token_errors;
mod token_exchange;
mod token_request;
mod token_response;
mod token_urls;
mod turns;
mod unsaved;
mod urls;
mod usage;
mod user_agents;
