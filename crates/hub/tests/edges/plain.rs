use axum::http::StatusCode;
use serde_json::{Value, json};
use throughline_hub::engine::StartRequest;
use throughline_hub::store::{RunEnd, RunStatus};

use crate::Joined;
use crate::stub::Stub;

/// Runs the flow that asks an address; answers how it ended.
async fn ask(joined: &Joined, uri: String) -> RunEnd {
    let request = StartRequest {
        flow: "ask".to_owned(),
        tenant: "default".to_owned(),
        input: json!({ "uri": uri }),
        business_key: None,
    };
    joined.hub.engine().start_run(request).await.unwrap().end.await.unwrap()
}

#[tokio::test]
async fn a_flow_signs_in_with_a_secret_and_is_given_the_answer() {
    let stub = Stub::start(|_, _| (StatusCode::OK, json!({"answer": 42}))).await;
    let joined = Joined::to(&stub.base_url, false).await;
    let end = ask(&joined, format!("{}/changes", stub.base_url)).await;
    let output: Value = serde_json::from_slice(&end.output.unwrap()).unwrap();
    assert_eq!((end.status, output), (RunStatus::Completed, json!({"answer": 42})));
    joined.hub.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_no_success_is_the_flow_s_to_judge() {
    let stub = Stub::start(|_, _| (StatusCode::INTERNAL_SERVER_ERROR, json!({"why": "secret"}))).await;
    let joined = Joined::to(&stub.base_url, false).await;
    let end = ask(&joined, format!("{}/changes", stub.base_url)).await;
    let error: Value = serde_json::from_slice(&end.error.unwrap()).unwrap();
    assert_eq!((end.status, &error["status"]), (RunStatus::Faulted, &json!(500)));
    assert!(error["type"].as_str().unwrap().ends_with("/errors/communication"), "{error}");
    assert_eq!(stub.asked().len(), 1);
    let end = ask(&joined, "ftp://nowhere".to_owned()).await;
    assert_eq!(end.status, RunStatus::Faulted);
    joined.hub.stop().await;
}
