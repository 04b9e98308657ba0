//! The suite itself is tested: a naive journal passes it, and every way in which it can be wrong is
//! caught by the case that names the rule.

mod faulty;
mod listing;
mod matching;
mod reading;
mod writing;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{check, check_reopening};
use faulty::{Fault, Fault::*, Faulty};

mod without_a_fault_it_passes {
    use super::faulty::{Fault, Faulty};

    crate::conformance_tests!(durable: || Faulty::new(Fault::Nothing));
}

/// Every fault, and the case that must catch it.
const CAUGHT_BY: &[(Fault, &str)] = &[
    (AfterInclusive, "conditions::after_is_exclusive"),
    (AfterAboveHeadRefused, "conditions::after_may_lie_above_the_head"),
    (BatchInPieces, "readers::readers_see_whole_appends"),
    (BytesAreIgnored, "pages::a_page_ends_with_the_event_that_fills_its_bytes"),
    (BytesOfPayloadsOnly, "limits::a_byte_more_is_never_taken"),
    (ChangedIsLate, "changes::following_by_hints_misses_nothing"),
    (ChangedLooksNowhere, "changes::what_is_there_is_told_at_once"),
    (ChangedTellsOne, "changes::following_by_hints_misses_nothing"),
    (ChangedTellsTypesOnly, "changes::what_comes_is_told"),
    (CheckThenInsert, "races::one_of_16_wins"),
    (ConditionsOnTypesUnlocked, "boundaries::a_type_and_a_tag_of_one_event"),
    (ConflictNamesHead, "conflicts::a_conflict_names_an_event_that_matches"),
    (EmptyAppendAccepted, "appends::an_empty_append_is_refused_as_empty"),
    (EmptyTypeTaken, "limits::a_type_without_a_name_is_never_taken"),
    (EventsAreLimited, "limits::what_is_within_is_taken"),
    (EndIsHead, "pages::a_read_ends_where_it_is_to_end"),
    (EndIsIgnored, "pages::a_read_ends_where_it_is_to_end"),
    (EndIsLeftOut, "pages::a_read_ends_where_it_is_to_end"),
    (FirstItemOnly, "conditions::items_are_ored"),
    (FirstTypeOnly, "conditions::types_are_ored"),
    (ForgetsOnReopening, "reopening::what_was_acknowledged_stays"),
    (IdChanges, "identity::it_stays_the_same"),
    (IdForgotten, "reopening::the_identity_stays"),
    (ItemsReadApart, "readers::items_are_read_at_one_instant"),
    (LastIsFirst, "lasts::the_last_match_is_found"),
    (LastOfFirstItem, "lasts::the_last_match_is_found"),
    (LastUptoIsLater, "lasts::nothing_beyond_the_last_matches"),
    (LastUptoIsMatch, "lasts::the_last_match_is_found"),
    (LimitBeforeFilter, "pages::the_limit_counts_what_matches"),
    (LimitPerItem, "pages::the_limit_counts_all_items_together"),
    (LimitsNotTyped, "limits::a_byte_more_is_never_taken"),
    (MetadataLost, "content::metadata_comes_back"),
    (NeverIgnored, "conditions::never_does_not_know_after"),
    (NeverKnowsAfter, "conditions::never_does_not_know_after"),
    (NothingUntilPolled, "appends::an_append_never_polled_is_appended"),
    (OutlineLeavesOut, "outlines::an_outline_is_of_what_it_says"),
    (OutlineOfOthers, "outlines::an_outline_is_of_what_it_says"),
    (OutlineUptoIsLater, "outlines::an_outline_is_of_what_it_says"),
    (OwnEventsChecked, "appends::a_batch_is_not_checked_against_its_own_condition"),
    (PartOfRefusedStays, "appends::a_refused_append_leaves_nothing"),
    (PositionsFromZero, "appends::positions_ascend_from_one"),
    (RefusalCloses, "health::a_fresh_journal_is_open"),
    (RepeatsPerItem, "reads::an_event_that_matches_twice_is_read_once"),
    (ReopeningForgets, "health::reopening_what_is_open_changes_nothing"),
    (ReturnsHead, "appends::an_append_returns_its_own_positions"),
    (TagsCaseFolded, "names::tags_are_compared_byte_by_byte"),
    (TagsNotCounted, "limits::a_tag_more_is_never_taken"),
    (TagsOred, "conditions::tags_are_anded"),
    (TimeOfLastEvent, "heads::the_time_is_the_latest_not_the_last"),
    (TooLargeIsCut, "limits::what_is_refused_leaves_nothing"),
    (UptoIsHead, "pages::everything_up_to_upto_was_given"),
    (UptoIsLastMatch, "pages::a_page_without_more_ends_at_the_head"),
    (ValuesAfterInclusive, "values::pages_go_on_without_gaps_or_repeats"),
    (ValuesInOrderOfAppends, "values::they_are_those_of_the_key_in_the_order_of_their_bytes"),
    (ValuesOfAnyType, "values::only_those_on_events_of_the_types"),
    (ValuesOfNoTypeAreNone, "values::only_those_on_events_of_the_types"),
    (ValuesOfPrefix, "values::they_are_those_of_the_key_in_the_order_of_their_bytes"),
    (ValuesUptoIsLater, "values::every_value_up_to_upto_was_given"),
];

fn fails(case: &str, fault: Fault) -> bool {
    let mut faulty = Faulty::new(fault);
    let run = AssertUnwindSafe(|| match case.starts_with("reopening::") {
        true => check_reopening(case, &mut faulty),
        false => check(case, &faulty),
    });
    catch_unwind(run).is_err()
}

#[test]
fn every_fault_is_caught_by_the_case_of_its_rule() {
    // Races are lost by luck, and on a busy machine seldom: most are at the first time.
    let missed = CAUGHT_BY.iter().map(|(fault, case)| {
        let caught = (0..300).any(|_| fails(case, *fault));
        (!caught).then(|| format!("{fault:?} passes {case}"))
    });
    let missed: Vec<String> = missed.flatten().collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
