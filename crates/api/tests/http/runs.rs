//! Starting, waiting for and looking at runs.

use serde_json::{Value, json};

use crate::running::Running;

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_run_is_started_and_can_be_looked_at() {
    let running = Running::start().await;
    let started = running.post("/v1/flows/echo/runs", &[JSON], r#"{"a":1}"#).await;
    assert_eq!(started.status.as_u16(), 202);
    let location = started.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(started.json()["location"], location.as_str());
    let run = running.until(&location, |run| run["status"] == "completed").await;
    assert_eq!(run["input"], json!({"a": 1}));
    assert_eq!(run["output"], json!({"said": {"a": 1}}));
    let kinds: Vec<&str> =
        run["timeline"].as_array().unwrap().iter().map(|s| s["kind"].as_str().unwrap()).collect();
    assert_eq!(&kinds[..2], ["created", "begun"]);
}

#[tokio::test]
async fn a_caller_that_waits_gets_the_output() {
    let running = Running::start().await;
    let check = async |path: &str, body: &str, want: Value| {
        let answer = running.post(path, &[JSON], body.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.content_type()), (200, "application/json"));
        assert_eq!(answer.json(), want);
        let run = running.get(answer.headers["location"].to_str().unwrap()).await.json();
        assert_eq!(run["status"], "completed");
    };
    check("/v1/flows/echo/runs?wait=30s", r#"{"a":[1,"2",null]}"#, json!({"said": {"a": [1, "2", null]}}))
        .await;
    check("/v1/flows/echo/runs?wait=1m", "", json!({"said": {}})).await;
    check("/v1/flows/keyed/runs?wait=30s", r#"{"key":"K-1"}"#, json!({"said": {"key": "K-1"}})).await;
}

#[tokio::test]
async fn a_caller_does_not_wait_for_ever() {
    let running = Running::start().await;
    let answer = running.post("/v1/flows/park/runs?wait=50ms", &[JSON], "{}").await;
    assert_eq!(answer.status.as_u16(), 202);
    let run =
        running.until(answer.headers["location"].to_str().unwrap(), |run| run["status"] == "waiting").await;
    assert_eq!(run["waiting"]["reason"], "the word has not been given");
    assert_eq!(run["waiting"]["for"], "event test.word.v1");
    assert!(run["waiting"]["since"].is_string());
    let word = json!({"specversion": "1.0", "source": "/t", "id": "1", "type": "test.word.v1", "data": {}});
    running.event(&word).await;
    let run =
        running.until(answer.headers["location"].to_str().unwrap(), |run| run["status"] == "completed").await;
    let last = run["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["kind"].clone(), last["what"].clone()), (json!("event"), json!("test.word.v1 /t 1")));
}

#[tokio::test]
async fn an_error_of_the_run_is_told_to_who_waits() {
    let running = Running::start().await;
    let answer = running.post("/v1/flows/refuse/runs?wait=30s", &[JSON], r#"{"what":"this"}"#).await;
    let mut problem = answer.problem(500);
    let run = problem["run"].as_str().unwrap().to_owned();
    problem["run"] = json!("RUN");
    problem["detail"] = json!(problem["detail"].as_str().unwrap().replace(&run, "RUN"));
    insta::assert_json_snapshot!("run_faulted", problem);
    let shown = running.get(&format!("/v1/runs/{run}")).await.json();
    assert_eq!(shown["error"]["detail"], "nobody wants this");
}

#[tokio::test]
async fn a_cancelled_run_is_told_to_who_waits() {
    let running = Running::start().await;
    let started = running.post("/v1/flows/park/runs", &[JSON], "{}").await.json();
    let run: throughline_hub::store::RunId = started["id"].as_str().unwrap().parse().unwrap();
    running.until(started["location"].as_str().unwrap(), |run| run["status"] == "waiting").await;
    running.hub.engine().cancel(run, "no longer wanted").await.unwrap();
    let shown =
        running.until(started["location"].as_str().unwrap(), |run| run["status"] == "cancelled").await;
    assert!(shown["error"]["detail"].as_str().unwrap().contains("no longer wanted"), "{shown}");
}

#[tokio::test]
async fn runs_of_one_key_follow_one_another() {
    let running = Running::start().await;
    for _ in 0..2 {
        running.post("/v1/flows/park/runs", &[JSON, ("throughline-key", "same")], "{}").await;
    }
    let list =
        running.until("/v1/runs?key=same&status=pending", |l| l["runs"].as_array().unwrap().len() == 1).await;
    let first = running.get("/v1/runs?key=same").await.json()["runs"][1]["id"].clone();
    assert_eq!(list["runs"][0]["blockedBy"], first);
}

#[tokio::test]
async fn what_can_not_be_started_is_refused() {
    let running = Running::start().await;
    insta::assert_json_snapshot!(
        "no_flow",
        running.post("/v1/flows/nobody/runs", &[JSON], "{}").await.problem(404)
    );
    insta::assert_json_snapshot!(
        "not_json",
        running.post("/v1/flows/echo/runs", &[JSON], "{").await.problem(400)
    );
    insta::assert_json_snapshot!(
        "no_key",
        running.post("/v1/flows/keyed/runs", &[JSON], r#"{"key":7}"#).await.problem(422)
    );
    for query in ["wait=soon", "wait=-1s", "wait=10m", "waits=1s", "key="] {
        running.post(&format!("/v1/flows/echo/runs?{query}"), &[JSON], "{}").await.problem(400);
    }
    let both = [JSON, ("throughline-key", "a")];
    running.post("/v1/flows/echo/runs?key=b", &both, "{}").await.problem(400);
    running.post("/v1/flows/echo/runs", &[JSON], format!("\"{}\"", "x".repeat(1 << 20))).await.problem(413);
    running
        .post("/v1/flows/echo/runs", &[JSON], format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)))
        .await
        .problem(400);
    assert_eq!(running.get("/v1/runs").await.json()["runs"], json!([]));
}

#[tokio::test]
async fn pages_of_runs_hold_each_run_once() {
    let running = Running::start().await;
    for _ in 0..7 {
        running.post("/v1/flows/echo/runs?wait=30s", &[JSON], "{}").await;
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/runs?limit=3&status=completed".to_owned());
    loop {
        let page = running.get(&path).await.json();
        seen.extend(page["runs"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/runs?limit=3&status=completed&cursor={next}"),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    sorted.reverse();
    assert_eq!((seen.len(), seen), (7, sorted), "newest first, each once");
}

#[tokio::test]
async fn filters_that_are_not_known_are_refused() {
    let running = Running::start().await;
    insta::assert_json_snapshot!("bad_status", running.get("/v1/runs?status=done").await.problem(400));
    for query in ["stauts=completed", "limit=0", "limit=501", "limit=many", "cursor=x"] {
        running.get(&format!("/v1/runs?{query}")).await.problem(400);
    }
    running.get("/v1/runs/nothing").await.problem(404);
    running.get("/v1/runs/0000000000001").await.problem(404);
}
