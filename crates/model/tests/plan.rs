//! The project of a contract with every billing model.

use serde_json::json;
use throughline_model::{ContractSigned, CustomerId, LegalEntity, decode, plan, version};

#[test]
fn every_model_has_its_place_in_the_work_breakdown() {
    let signed: ContractSigned = decode(&json!({
        "contractId": "CT-000000000001", "number": "2026-001", "signedDate": "2026-01-01", "terms": {
            "title": "Transformation", "currency": "EUR", "value": "100000", "serviceLine": "Advisory",
            "start": "2026-01-01", "end": "2026-06-30",
            "billing": [
                {"model": "fixedFee", "id": "f", "description": "Platform", "price": "60000", "trigger": "acceptance"},
                {"model": "timeAndMaterials", "id": "t", "description": "Advice", "rates": [
                    {"role": "Partner", "rate": "300", "estimatedHours": "20"}, {"role": "Analyst", "rate": "100"}]},
                {"model": "retainer", "id": "r", "description": "Counsel", "fee": "1000", "period": "month"},
                {"model": "managedService", "id": "s", "description": "Run", "fee": "2000", "period": "quarter"},
                {"model": "expenses", "id": "e", "description": "Travel", "multiplier": "1"}
            ],
            "milestones": [
                {"id": "m1", "title": "Design", "due": "2026-02-28", "amount": "20000"},
                {"id": "m2", "title": "Build", "due": "2026-05-31"},
                {"id": "m2", "title": "Build again", "due": "2026-05-31"}
            ]
        }
    }))
    .unwrap();
    let contract =
        version::original(&signed, signed.terms.clone().unwrap(), "2026-01-01T00:00:00Z".parse().unwrap());
    let entity: LegalEntity = decode(
        &json!({"code": "DE", "name": "Firm GmbH", "country": "DE", "currency": "EUR", "region": "emea"}),
    )
    .unwrap();
    let project = plan::project(&contract, &CustomerId::of(&["acme"]), &entity).unwrap();
    for (i, package) in project.work_packages.iter().enumerate() {
        let earlier = &project.work_packages[..i];
        assert!(package.parent.as_ref().is_none_or(|p| earlier.iter().any(|e| e.id == *p)), "{package:?}");
    }
    insta::assert_json_snapshot!(project);
}
