//! Money as it is written and read.

use super::sample::*;
use crate::auction::*;

#[test]
fn a_currency_is_three_capital_letters() {
    for code in ["", "EU", "EURO", "eur", "E R", "ÄB"] {
        assert_eq!(code.parse::<Currency>(), Err(InvalidCurrency(code.into())));
        assert!(serde_json::from_str::<Currency>(&format!("{code:?}")).is_err(), "{code}");
    }
    let eur: Currency = "EUR".parse().unwrap();
    assert_eq!(serde_json::to_string(&eur).unwrap(), r#""EUR""#);
    assert_eq!(serde_json::from_str::<Currency>(r#""EUR""#).unwrap(), eur);
}

#[test]
fn money_says_its_currency() {
    assert_eq!(eur(1_250).to_string(), "1250 EUR");
    assert!(eur(1).check(eur(2)).is_ok());
    let error = eur(1).check(money(1, "USD")).unwrap_err();
    assert_eq!(error.to_string(), "the currency is EUR, not USD");
}

#[test]
fn a_step_is_never_nothing() {
    for price in [1, 2, 9_999, 10_000, 10_001, u64::MAX / 2] {
        for points in [1, 3, 9_999, 10_000] {
            let above = Increment::BasisPoints(points).above(eur(price));
            assert!(above.is_none_or(|above| above.minor > price), "{points} of {price}");
        }
    }
}
