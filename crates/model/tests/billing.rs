//! Billing translation, rule by rule: B1 to B6 as far as a schedule made at activation goes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use throughline_model::billing::{Error, translate};
use throughline_model::{BillingSchedule, ContractSigned, ContractVersion, decode, version};

fn contract(terms: Value) -> ContractVersion {
    let signed: ContractSigned = decode(&json!({
        "contractId": "CT-000000000001", "number": "2026-001", "signedDate": "2026-01-01", "terms": terms
    }))
    .unwrap();
    version::original(&signed, signed.terms.clone().unwrap(), "2026-01-01T00:00:00Z".parse().unwrap())
}

fn schedule(terms: Value) -> BillingSchedule {
    translate(&contract(terms)).unwrap()
}

fn of(arrangement: Value, start: &str, end: &str) -> Value {
    json!({"currency": "EUR", "start": start, "end": end, "billing": [arrangement]})
}

/// The lines as text: number, date, amount, milestone or not.
fn lines(schedule: &BillingSchedule) -> Vec<String> {
    schedule.lines.iter().map(|l| format!("{} {} {}", l.number, l.date, l.amount)).collect()
}

#[track_caller]
fn check(terms: Value, want: &[&str]) {
    let schedule = schedule(terms);
    assert_eq!(lines(&schedule), want);
    let ids: std::collections::BTreeSet<_> = schedule.lines.iter().map(|l| &l.id).collect();
    assert_eq!(ids.len(), schedule.lines.len());
}

fn fixed(price: &str, trigger: &str, installments: Value) -> Value {
    json!({"model": "fixedFee", "id": "f", "description": "Build", "price": price, "trigger": trigger,
           "installments": installments})
}

#[test]
fn b3_fixed_price_takes_the_remainder_in_its_last_instalment() {
    let thirds = json!([
        {"description": "a", "date": "2026-01-31"}, {"description": "b", "date": "2026-02-28"},
        {"description": "c", "date": "2026-03-31"}
    ]);
    let terms = of(fixed("100", "date", thirds), "2026-01-01", "2026-03-31");
    check(terms, &["1 2026-01-31 33.33", "2 2026-02-28 33.33", "3 2026-03-31 33.34"]);
    let mixed = json!([
        {"description": "down", "date": "2026-01-01", "amount": "1000"},
        {"description": "half", "date": "2026-02-01", "share": "0.5"},
        {"description": "rest", "date": "2026-03-01"}
    ]);
    let terms = of(fixed("9999.99", "date", mixed), "2026-01-01", "2026-03-31");
    check(terms, &["1 2026-01-01 1000.00", "2 2026-02-01 5000.00", "3 2026-03-01 3999.99"]);
    check(of(fixed("500", "date", json!([])), "2026-01-01", "2026-03-31"), &["1 2026-03-31 500.00"]);
    // Many small halves would round up to more than there is.
    let parts: Vec<_> =
        (1..=10).map(|i| json!({"description": "p", "date": format!("2026-01-{i:02}")})).collect();
    let tiny = schedule(of(fixed("0.05", "date", json!(parts)), "2026-01-01", "2026-03-31"));
    assert_eq!(tiny.total.unwrap().to_string(), "0.05");
    assert!(tiny.lines.iter().all(|l| l.amount.value() >= Decimal::ZERO));
}

#[test]
fn b3_acceptance_follows_the_milestones() {
    let mut terms = of(fixed("90", "acceptance", json!([])), "2026-01-01", "2026-06-30");
    terms["milestones"] = json!([
        {"id": "m1", "title": "Design", "due": "2026-02-01", "amount": "30"},
        {"id": "m2", "title": "Build", "due": "2026-04-01"}, {"id": "m3", "title": "Launch"}
    ]);
    check(terms.clone(), &["1 2026-02-01 30.00", "2 2026-04-01 30.00", "3 2026-06-30 30.00"]);
    insta::assert_json_snapshot!(schedule(terms));
}

#[test]
fn b3_a_value_without_arrangement_is_a_fixed_price() {
    let terms =
        json!({"currency": "MXN", "start": "2016-01-01", "end": "2016-12-31", "value": "1234567.895"});
    check(terms, &["1 2016-12-31 1234567.90"]);
    let mut staged = json!({"currency": "EUR", "start": "2026-01-01", "value": "10",
        "milestones": [{"id": "a", "title": "A", "amount": "4", "due": "2026-02-02"}, {"id": "b", "title": "B"}]});
    check(staged.clone(), &["1 2026-01-01 6.00", "2 2026-02-02 4.00"]);
    staged["milestones"][0]["amount"] = json!("11");
    check(staged, &["1 2026-01-01 10.00"]);
}

#[test]
fn b1_b2_time_and_materials_is_expected_by_month_within_its_cap() {
    let work = |extra: Value| {
        let mut work = json!({"model": "timeAndMaterials", "id": "t", "description": "Advice",
            "rates": [{"role": "Partner", "rate": "300"}, {"role": "Analyst", "rate": "100"}]});
        for (name, value) in extra.as_object().unwrap() {
            work[name] = value.clone();
        }
        of(work, "2026-01-15", "2026-03-10")
    };
    // 17, 28 and 10 of 55 days.
    let hours = json!({"estimatedHours": "10"});
    check(work(hours.clone()), &["1 2026-01-31 618.18", "2 2026-02-28 1018.18", "3 2026-03-10 363.64"]);
    let total = |extra: Value| schedule(work(extra)).total.unwrap().to_string();
    assert_eq!(total(hours), "2000.00");
    assert_eq!(total(json!({"estimatedHours": "10", "cap": {"amount": "1500"}})), "1500.00");
    assert_eq!(total(json!({"estimatedHours": "10", "cap": {"hours": "5"}})), "1000.00");
    assert_eq!(total(json!({"cap": {"amount": "700"}})), "700.00");
    assert_eq!(total(json!({"cap": {"hours": "2"}})), "400.00");
    for nothing in [
        json!({}),
        json!({"cap": {"hours": "-2"}}),
        json!({"estimatedHours": "10", "cap": {"hours": "-2"}}),
        json!({"estimatedHours": "0", "cap": {"hours": "-2"}}),
    ] {
        assert!(schedule(work(nothing)).lines.is_empty());
    }
    let by_role = json!({"rates": [{"role": "A", "rate": "99.995", "estimatedHours": "1"},
                                   {"role": "B", "rate": "10", "estimatedHours": "2"}]});
    assert_eq!(total(by_role), "120.00");
}

#[test]
fn b4_retainer_bills_its_flat_fee_each_period() {
    let retainer = |period: &str| json!({"model": "retainer", "id": "r", "description": "Counsel", "fee": "1000", "period": period});
    check(
        of(retainer("month"), "2026-01-31", "2026-04-15"),
        &["1 2026-01-31 1000.00", "2 2026-02-28 1000.00", "3 2026-03-31 1000.00"],
    );
    check(
        of(retainer("quarter"), "2026-02-10", "2026-08-09"),
        &["1 2026-02-10 1000.00", "2 2026-05-10 1000.00"],
    );
    let open = schedule(json!({"currency": "EUR", "start": "2026-01-01", "billing": [retainer("month")]}));
    assert_eq!((open.lines.len(), open.total), (12, None));
}

#[test]
fn b5_managed_service_is_prorated_by_its_day_count_and_indexed() {
    let service = |proration: &str, indexation: Value| {
        json!({"model": "managedService", "id": "s", "description": "Run", "fee": "3000", "period": "month",
               "proration": proration, "indexation": indexation})
    };
    check(
        of(service("actual", json!([])), "2026-01-11", "2026-03-10"),
        &["1 2026-01-11 2032.26", "2 2026-02-01 3000.00", "3 2026-03-01 967.74"],
    );
    check(
        of(service("thirty360", json!([])), "2026-01-11", "2026-03-10"),
        &["1 2026-01-11 2000.00", "2 2026-02-01 3000.00", "3 2026-03-01 1000.00"],
    );
    let indexed = json!([{"date": "2026-02-15", "percent": "10"}, {"date": "2026-03-01", "percent": "10"}]);
    check(
        of(service("actual", indexed), "2026-01-01", "2026-03-31"),
        &["1 2026-01-01 3000.00", "2 2026-02-01 3150.00", "3 2026-03-01 3630.00"],
    );
}

#[test]
fn b6_expenses_have_no_line() {
    let terms = of(
        json!({"model": "expenses", "id": "e", "description": "Travel", "multiplier": "1.25"}),
        "2026-01-01",
        "2026-12-31",
    );
    check(terms, &[]);
}

#[test]
fn what_gives_no_schedule_says_why() {
    let check = |terms: Value, want: &str| {
        let error = translate(&contract(terms)).unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
    };
    check(json!({"start": "2026-01-01", "value": "1"}), "no currency");
    check(json!({"currency": "EUR", "value": "1"}), "no start date");
    check(of(fixed("1", "date", json!([])), "2026-02-01", "2026-01-01"), "before it starts");
    let two = json!([{"description": "a", "amount": "6"}, {"description": "b", "amount": "6"}]);
    check(of(fixed("10", "date", two), "2026-01-01", "2026-02-01"), "come to more than its price");
    let back = json!([{"description": "a", "amount": "-6"}, {"description": "b"}]);
    check(of(fixed("10", "date", back), "2026-01-01", "2026-02-01"), "come to more than its price");
    let unknown = json!([{"description": "a", "milestone": "m"}]);
    check(of(fixed("10", "date", unknown), "2026-01-01", "2026-02-01"), "milestone \"m\"");
    let retainer = json!({"model": "retainer", "id": "r", "description": "x", "fee": "1", "period": "month"});
    check(of(retainer.clone(), "1900-01-01", "2200-12-31"), "more than 2400 lines");
    let mut twice = of(retainer.clone(), "2026-01-01", "2026-02-01");
    twice["billing"] = json!([retainer.clone(), retainer]);
    check(twice, "have the id \"r\"");
    let huge = json!([{"description": "a", "share": "1000000000000000"}]);
    check(of(fixed("1000000000000000", "date", huge), "2026-01-01", "2026-02-01"), "absurd");
}

const CURRENCIES: [(&str, u32); 4] = [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)];

fn day(offset: i64) -> Date {
    jiff::civil::date(2020, 1, 1).saturating_add(offset.days())
}

fn half_up(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

fn sum(schedule: &BillingSchedule) -> Decimal {
    schedule.lines.iter().map(|l| l.amount.value()).sum()
}

/// Numbers as large as they get, and such that are nothing or next to it.
fn number() -> impl Strategy<Value = String> {
    prop_oneof!["-?[0-9]{1,16}(\\.[0-9]{1,12})?", "-?[01](\\.0{0,11}[0-9])?"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn fixed_price_sums_to_the_minor_unit(
        cents in 0_i64..1_000_000_000,
        currency in prop::sample::select(CURRENCIES.to_vec()),
        weights in prop::collection::vec((0_i64..100, 0_i64..400, 0..3), 1..12),
        negative in any::<bool>(),
    ) {
        let price = Decimal::new(cents, currency.1) * if negative { -Decimal::ONE } else { Decimal::ONE };
        let all: i64 = weights.iter().map(|w| w.0).sum::<i64>().max(1);
        let parts: Vec<_> = weights.iter().map(|(weight, at, kind)| {
            let mut part = json!({"description": "p", "date": day(*at).to_string()});
            let share = Decimal::from(*weight) / Decimal::from(all);
            match kind {
                0 => part["share"] = json!(share.round_dp_with_strategy(6, RoundingStrategy::ToZero).to_string()),
                1 => {
                    let amount = (price * share).round_dp_with_strategy(currency.1, RoundingStrategy::ToZero);
                    part["amount"] = json!(amount.to_string());
                }
                _ => {}
            }
            part
        }).collect();
        let mut terms = of(fixed(&price.to_string(), "date", json!(parts)), "2020-01-01", "2022-01-01");
        terms["currency"] = json!(currency.0);
        let schedule = schedule(terms);
        prop_assert_eq!(sum(&schedule), price);
        prop_assert_eq!(schedule.total.unwrap().value(), price);
        prop_assert!(schedule.lines.iter().all(|l| (l.amount.value() * price) >= Decimal::ZERO));
        prop_assert!(schedule.lines.windows(2).all(|w| w[0].date <= w[1].date && w[0].number + 1 == w[1].number));
    }

    #[test]
    fn estimates_sum_to_hours_times_rates_within_the_cap(
        roles in prop::collection::vec((1_i64..50_000, 1_i64..2_000), 1..5),
        start in 0_i64..2_000, length in 0_i64..1_500,
        cap in prop::option::of(1_i64..10_000_000),
        currency in prop::sample::select(CURRENCIES.to_vec()),
    ) {
        let places = currency.1;
        let mut expected: Decimal =
            roles.iter().map(|(rate, hours)| half_up(Decimal::new(*rate, 3) * Decimal::new(*hours, 1), places)).sum();
        let rates: Vec<_> = roles.iter().enumerate().map(|(i, (rate, hours))| json!({
            "role": format!("r{i}"), "rate": Decimal::new(*rate, 3).to_string(),
            "estimatedHours": Decimal::new(*hours, 1).to_string()})).collect();
        let mut work = json!({"model": "timeAndMaterials", "id": "t", "description": "d", "rates": rates});
        if let Some(cap) = cap {
            let cap = Decimal::new(cap, places);
            work["cap"] = json!({"amount": cap.to_string()});
            expected = if expected.is_zero() { cap } else { expected.min(cap) };
        }
        let mut terms = of(work, &day(start).to_string(), &day(start + length).to_string());
        terms["currency"] = json!(currency.0);
        let schedule = schedule(terms);
        prop_assert_eq!(sum(&schedule), expected);
        prop_assert!(schedule.lines.iter().all(|l| l.amount.value() >= Decimal::ZERO));
    }

    #[test]
    fn retainers_sum_to_fee_times_periods(fee in 1_i64..100_000_000, months in 1_i32..60, quarter in any::<bool>(), start in 0_i64..1_000) {
        let (word, step) = if quarter { ("quarter", 3) } else { ("month", 1) };
        let first = day(start);
        let last = first.saturating_add(months.months()).saturating_sub(1.day());
        let retainer = json!({"model": "retainer", "id": "r", "description": "d",
            "fee": Decimal::new(fee, 2).to_string(), "period": word});
        let schedule = schedule(of(retainer, &first.to_string(), &last.to_string()));
        let periods = Decimal::from((months + step - 1) / step);
        prop_assert_eq!(sum(&schedule), Decimal::new(fee, 2) * periods);
    }

    #[test]
    fn managed_services_sum_to_their_days(
        fee in 1_i64..100_000_000, start in 0_i64..1_000, length in 0_i64..900,
        changes in prop::collection::vec((0_i64..1_900, -500_i64..2_000), 0..4),
    ) {
        let (first, last) = (day(start), day(start + length));
        let indexation: Vec<_> = changes.iter().map(|(at, percent)| json!({
            "date": day(*at).to_string(), "percent": Decimal::new(*percent, 2).to_string()})).collect();
        let service = json!({"model": "managedService", "id": "s", "description": "d",
            "fee": Decimal::new(fee, 2).to_string(), "period": "month", "indexation": indexation});
        let schedule = schedule(of(service, &first.to_string(), &last.to_string()));
        // Day by day, without cutting anything into pieces.
        let mut exact = Decimal::ZERO;
        let mut on = first;
        while on <= last {
            let rate = changes.iter().filter(|(at, _)| day(*at) <= on)
                .fold(Decimal::new(fee, 2), |fee, (_, percent)| fee * (Decimal::ONE + Decimal::new(*percent, 4)));
            exact += rate / Decimal::from(on.days_in_month());
            on = on.tomorrow().unwrap();
        }
        let tolerance = Decimal::new(5, 3) * Decimal::from(schedule.lines.len()) + Decimal::new(1, 6);
        prop_assert!((sum(&schedule) - exact).abs() <= tolerance, "{} {exact}", sum(&schedule));
        prop_assert_eq!(schedule.total.unwrap().value(), sum(&schedule));
        let days: i64 = schedule.lines.iter().map(|l| {
            let (a, b) = (l.period_start.unwrap().date(), l.period_end.unwrap().date());
            i64::from(a.until(b).unwrap().get_days()) + 1
        }).sum();
        prop_assert_eq!(days, length + 1);
    }

    #[test]
    fn no_terms_make_it_panic(
        price in number(), share in number(),
        start in 0_i64..60_000, end in prop::option::of(0_i64..60_000),
        model in 0..4, percent in number(),
    ) {
        let arrangement = match model {
            0 => fixed(&price, "date", json!([{"description": "a", "share": share}, {"description": "b", "amount": percent}])),
            1 => json!({"model": "timeAndMaterials", "id": "t", "description": "d", "estimatedHours": share,
                        "rates": [{"role": "a", "rate": price, "estimatedHours": percent}], "cap": {"hours": share}}),
            2 => json!({"model": "retainer", "id": "r", "description": "d", "fee": price, "period": "month"}),
            _ => json!({"model": "managedService", "id": "s", "description": "d", "fee": price, "period": "quarter",
                        "proration": "thirty360", "indexation": [{"date": day(start + 40).to_string(), "percent": percent},
                                       {"date": day(start + 50).to_string(), "percent": share}]}),
        };
        let mut terms = json!({"currency": "EUR", "value": price, "start": day(start).to_string(), "billing": [arrangement]});
        if let Some(end) = end {
            terms["end"] = json!(day(end).to_string());
        }
        let Ok(terms) = decode::<throughline_model::ContractTerms>(&terms) else { return Ok(()) };
        let mut version = contract(json!({}));
        version.terms = terms;
        match translate(&version) {
            Ok(schedule) => prop_assert!(schedule.lines.iter().all(|l| schedule.currency.holds(l.amount))),
            Err(error) => prop_assert!(!matches!(error, Error::Missing(_))),
        }
    }
}
