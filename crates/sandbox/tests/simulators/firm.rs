//! A firm's year, played against a hub of the test's own: it sends a contract for every deal that is won.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use throughline_sandbox::Sandbox;
use throughline_sandbox::firm::{DAYS, Firm, Outcome};

use crate::client::{Client, folder, sandbox};
use crate::receiver::Receiver;
use crate::{docusign, salesforce};

const DATA: &str = "/services/data/v62.0";

fn firm(opportunities: usize) -> Firm {
    Firm { day: Duration::from_millis(1), ..Firm::generate(11, opportunities) }
}

async fn records(crm: &Client, soql: &str) -> Vec<Value> {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", soql).finish();
    let answer = crm.get(&format!("{DATA}/query?{query}")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["records"].as_array().unwrap().clone()
}

async fn settled(sandbox: &Sandbox) {
    for _ in 0..600 {
        if sandbox.unsettled() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} envelopes are still out", sandbox.unsettled());
}

/// A play can be handed to another thread.
fn sendable<T>(play: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    play
}

#[tokio::test]
async fn sales_enters_the_year_and_a_cut_off_year_goes_on() {
    let folder = folder();
    let firm = Firm { day: Duration::from_millis(4), ..firm(60) };
    let first = sandbox(folder.path()).await;
    let mut reached = 0;
    let cut = tokio::time::timeout(
        Duration::from_millis(500),
        first.play(firm.clone(), |so_far| reached = so_far.day),
    );
    assert!(cut.await.is_err());
    assert!(reached > 0 && reached < DAYS, "cut off on day {reached}");
    first.stop().await;

    let second = sandbox(folder.path()).await;
    let done = second.play(firm.clone(), |_| {}).await.unwrap();
    assert_eq!((done.day, done.opportunities), (DAYS, 60));
    let again = second.play(firm.clone(), |_| {}).await.unwrap();
    assert_eq!(again, done, "a year that has passed passes no second time");

    let crm = salesforce::signed_in(&second).await;
    let entered = records(&crm, "SELECT Id, IsWon, Amount, Account.Name FROM Opportunity").await;
    assert_eq!(entered.len(), 60);
    let won = firm.deals.iter().filter(|deal| deal.outcome == Outcome::Won);
    assert_eq!(entered.iter().filter(|deal| deal["IsWon"] == true).count(), won.clone().count());
    let lines: usize = won.map(|deal| deal.lines.len()).sum();
    let held = records(&crm, "SELECT Id FROM OpportunityLineItem WHERE Opportunity.IsWon = true").await;
    assert_eq!(held.len(), lines);
    let sold: BTreeSet<usize> = firm.deals.iter().map(|deal| deal.account).collect();
    assert_eq!(records(&crm, "SELECT Id FROM Account").await.len(), sold.len());
    let sound =
        "SELECT Id FROM Opportunity WHERE IsWon = true AND Start_Date__c != null AND End_Date__c != null";
    assert!(records(&crm, sound).await.len() > 10);
    second.stop().await;
}

#[tokio::test]
async fn people_sign_decline_and_amend_what_they_are_sent() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let receiver = Receiver::start(&[]).await;
    sandbox.connect_docusign(receiver.url.clone(), "secret").unwrap();
    sendable(sandbox.play(firm(90), |_| {})).await.unwrap();
    let crm = salesforce::signed_in(&sandbox).await;
    let clm = docusign::signed_in(&sandbox).await;
    let won = records(&crm, "SELECT Id FROM Opportunity WHERE IsWon = true").await;
    for (number, deal) in won.iter().enumerate() {
        let contract = format!("CT-{number:012}");
        let made = clm.post(&docusign::envelopes(&clm), &docusign::definition(&contract)).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        let path = format!("{DATA}/sobjects/Opportunity/{}", deal["Id"].as_str().unwrap());
        let told = crm.send(Method::PATCH, &path, &json!({"Throughline_Contract__c": contract})).await;
        assert_eq!(told.status, 204);
    }
    settled(&sandbox).await;
    let done = sandbox.play(firm(90), |_| {}).await.unwrap();
    assert!(done.amended > 0, "{done:?}");
    assert_eq!(done.signed + done.declined, won.len() as u64 + done.amended);
    assert!(sandbox.ledger().duplicates().is_empty());

    // Every envelope was sent and delivered, and then signed or declined.
    let messages = receiver.expect(3 * (won.len() + usize::try_from(done.amended).unwrap())).await;
    let amendments: Vec<Value> = messages
        .iter()
        .filter(|message| message.body["event"] == "envelope-completed")
        .filter_map(|message| {
            let fields = &message.body["data"]["envelopeSummary"]["customFields"]["textCustomFields"];
            let field = |name: &str| fields.as_array()?.iter().find(|f| f["name"] == name)?["value"].as_str();
            assert!(field("throughlineContract").unwrap().starts_with("CT-"));
            let long = |field: &Value| field["value"].as_str().unwrap().chars().count() > 100;
            assert!(!fields.as_array().unwrap().iter().any(long), "{fields}");
            (field("throughlineKind")? == "amendment").then(|| serde_json::from_str(&joined(&field)).unwrap())
        })
        .collect();
    assert_eq!(amendments.len() as u64, done.amended);
    for amendment in &amendments {
        assert!(!amendment["changes"].as_object().unwrap().is_empty(), "{amendment}");
        assert!(["amendment", "correction"].contains(&amendment["kind"].as_str().unwrap()), "{amendment}");
    }
    sandbox.stop().await;
}

/// An amendment's terms, put together from its numbered fields.
fn joined<'f>(field: &impl Fn(&str) -> Option<&'f str>) -> String {
    (1..).map_while(|part| field(&format!("throughlineAmendment{part}"))).collect()
}
