//! GBG GO: one journey is completed, one is ended, and one is handed over with the end user's own token.

use std::sync::OnceLock;

use anyhow::{Context, ensure};
use auth_layer::CallBearer;
use gbg_go_client::Client;
use gbg_go_client::types::{
    InstanceRef, InteractionQuery, InteractionSubmission, JourneyStart, StartConfig, StartContext,
};

use crate::stage::Tally;

pub(super) async fn read(client: &Client, instance: &OnceLock<String>, tally: &Tally) -> anyhow::Result<()> {
    let instance = instance.get().context("no journey was started")?;
    tally.call(client.fetch_state_slim().body(this(instance)).send()).await.map(drop)
}

pub(super) async fn journey(
    client: &Client,
    instance: &OnceLock<String>,
    tally: &Tally,
    end_user_token: &str,
) -> anyhow::Result<()> {
    let id = start(client, tally).await?;
    let id = instance.get_or_init(|| id);
    let state = tally.call(client.fetch_state().body(this(id)).send()).await?;
    ensure!(state.status == "InProgress", "a journey that has just started is {}", state.status);

    let device = client.with_bearer(CallBearer::new(end_user_token)?);
    let handoff = tally.call(device.create_handoff_token().instance_id(id).send()).await?;
    ensure!(handoff.instance_url.contains(id), "the handoff is for another journey");

    let wanted = InteractionQuery::builder().instance_id(id);
    let step = tally.call(client.fetch_interaction().body(wanted.clone()).send()).await?;
    let step = step.interaction_id.context("the journey asks for no interaction")?;
    let slim = tally.call(client.fetch_interaction_slim().body(wanted).send()).await?;
    ensure!(slim.interaction_id.as_ref() == Some(&step), "the two views show different interactions");
    let submission = InteractionSubmission::builder().instance_id(id).interaction_id(step);
    let ack = tally.call(client.submit_interaction().body(submission).send()).await?;
    ensure!(ack.status == "success", "the submission is {}", ack.status);
    let state = tally.call(client.fetch_state_slim().body(this(id)).send()).await?;
    ensure!(state.status == "Completed", "a journey that was completed is {}", state.status);

    let other = start(client, tally).await?;
    let end = client.terminate_journey().body_map(|body| body.instance_id(&other));
    tally.call(end.send()).await?;
    let state = tally.call(client.fetch_state().body(this(&other)).send()).await?;
    ensure!(state.status == "Error", "a journey that was ended is {}", state.status);
    Ok(())
}

async fn start(client: &Client, tally: &Tally) -> anyhow::Result<String> {
    let config = StartConfig::builder().delivery("api");
    let context: StartContext = StartContext::builder().config(config).try_into()?;
    let start = JourneyStart::builder().resource_id("b7Jw3nQx-81KtVs5Rz@latest").context(context);
    Ok(tally.call(client.start_journey().body(start).send()).await?.instance_id)
}

fn this(instance: &str) -> InstanceRef {
    InstanceRef { instance_id: instance.to_owned() }
}
