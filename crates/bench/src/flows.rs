//! The catalog that is measured with.

use std::fmt::Write as _;
use std::path::Path;

/// Calls of the flow `activation8`.
pub(crate) const CALLS: usize = 8;

/// Writes a catalog whose flows call the stub at `port`.
pub(crate) fn write(folder: &Path, port: u16) -> std::io::Result<()> {
    let flows = folder.join("flows");
    std::fs::create_dir_all(&flows)?;
    std::fs::write(flows.join("activation8.yaml"), activation8(port))?;
    std::fs::write(flows.join("loop.yaml"), looping(port))?;
    std::fs::write(flows.join("parked.yaml"), PARKED)?;
    std::fs::write(folder.join("routes.yaml"), "routes: []\n")?;
    std::fs::write(folder.join("legal-entities.yaml"), "entities: []\n")
}

/// Each call sends the run's input and gets a small answer.
fn activation8(port: u16) -> String {
    let mut flow = head("activation8");
    for call in 1..=CALLS {
        let _ = write!(
            flow,
            "  - step{call}:
      call: http
      with:
        method: post
        endpoint: http://127.0.0.1:{port}/step
        body: ${{ $workflow.input }}
"
        );
    }
    flow
}

/// As many calls as its input says.
fn looping(port: u16) -> String {
    format!(
        "{}  - each:
      for: {{ each: number, in: '${{ [range(.calls)] }}' }}
      do:
        - step:
            call: http
            with: {{ method: post, endpoint: 'http://127.0.0.1:{port}/step', body: {{ number: '${{ $number }}' }} }}
",
        head("loop")
    )
}

fn head(name: &str) -> String {
    format!("document: {{ dsl: 1.0.3, namespace: bench, name: {name}, version: 1.0.0 }}\ndo:\n")
}

const PARKED: &str = "document: { dsl: 1.0.3, namespace: bench, name: parked, version: 1.0.0 }
do:
  - facts:
      listen:
        to:
          one:
            with: { type: bench.facts.v1 }
            correlate:
              contract: { from: '${ .data.contract }', expect: '${ .contract }' }
      metadata: { reason: facts are missing }
";

/// About a kilobyte of JSON, as a contract's facts may look.
pub(crate) fn input(number: u64) -> serde_json::Value {
    serde_json::json!({
        "contractId": format!("CT-{number:012}"),
        "number": format!("2026-{number}"),
        "customer": { "name": "Société Générale de Conseil", "country": "FR", "identifiers": [
            { "scheme": "siret", "id": "12345678900017" }, { "scheme": "vat", "id": "FR40123456789" }
        ]},
        "currency": "EUR",
        "value": "184500.00",
        "start": "2026-02-01",
        "end": "2027-01-31",
        "paymentTermsDays": 30,
        "billing": [
            { "model": "fixedFee", "id": "fee", "description": "Design and build", "price": "120000.00",
              "trigger": "acceptance", "installments": [
                { "description": "Design accepted", "share": "0.4", "milestone": "design" },
                { "description": "Build accepted", "share": "0.6", "milestone": "build" } ] },
            { "model": "timeAndMaterials", "id": "support", "description": "Support after go-live", "rates": [
                { "role": "consultant", "rate": "150.00", "unit": "hour" },
                { "role": "architect", "rate": "190.00", "unit": "hour" } ], "cap": { "amount": "64500.00" } }
        ],
        "milestones": [
            { "id": "design", "title": "Design accepted", "due": "2026-04-30" },
            { "id": "build", "title": "Build accepted", "due": "2026-09-30" }
        ],
        "documents": [ { "title": "Signed contract", "url": "https://example.org/contracts/1.pdf", "type": "contract" } ]
    })
}
