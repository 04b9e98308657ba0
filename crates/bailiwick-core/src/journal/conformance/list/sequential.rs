//! The cases in which one thread calls the journal, and after them the others.

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($($then:tt)+) => {
        $crate::__conformance_concurrent_cases! { [$($then)+]
            appends {
                positions_ascend_from_one:
                    "Positions ascend, from 1 on or later; those of one append follow each other.";
                an_append_returns_its_own_positions:
                    "An append returns the positions of its own events, not the head.";
                a_batch_keeps_its_order:
                    "The events of an append stand in the journal in the order given.";
                an_empty_append_is_refused_as_empty:
                    "An append without events is refused as empty, whatever its condition says.";
                a_refused_append_leaves_nothing:
                    "An append whose condition does not hold leaves no event, tag or time.";
                a_batch_is_not_checked_against_its_own_condition:
                    "The events of an append do not violate its own condition, nor `never`.";
                a_reissued_append_lands_once_if_its_condition_says_so:
                    "The same append again is refused by its condition; without one it lands again.";
                appends_take_effect_in_the_order_of_the_calls:
                    "Appends take effect in the order of the calls, however their futures are polled.";
                conditions_are_judged_in_the_order_of_the_calls:
                    "A condition sees the appends called before it, and not those called after it.";
                an_append_never_polled_is_appended:
                    "An append is submitted by the call: dropping its future does not cancel it.";
                an_append_dropped_after_a_poll_is_appended:
                    "Dropping the future of an append on its way does not cancel or split it.";
            }
            conditions {
                after_is_exclusive:
                    "An event at `after` is ignored, one beyond it conflicts.";
                after_may_lie_above_the_last_match:
                    "`after` may lie above the last match, and still counts from there.";
                after_may_lie_above_the_head:
                    "`after` above the head is accepted and ignores all there is; `never` does not.";
                after_start_lets_any_match_fail:
                    "Without an `after`, any match fails, however long ago.";
                what_does_not_match_is_ignored:
                    "Events that do not match do not violate a condition.";
                types_are_ored:
                    "An event of any of the types of an item matches.";
                tags_are_anded:
                    "Only an event that carries all of the tags of an item matches.";
                items_are_ored:
                    "An event that matches any item matches, wherever the item stands.";
                all_is_violated_by_anything:
                    "Any event beyond `after` violates a condition on all events.";
                a_type_or_a_tag_or_both_may_be_guarded:
                    "An item may guard types, tags or both of an event.";
                never_does_not_know_after:
                    "`never` looks at all events, whatever `after` is.";
                a_tag_or_type_never_seen_is_guarded:
                    "What no event had so far is guarded as well.";
                unconditional_appends_violate_later_conditions:
                    "Events appended without a condition violate conditions like any other.";
                a_query_may_have_many_items:
                    "A query of a hundred items selects as one of a few does.";
            }
            conflicts {
                a_conflict_names_an_event_that_matches:
                    "A conflict names an event that matches, beyond `after` or by `never`.";
                what_a_conflict_names_can_be_read:
                    "When a conflict is reported, the event it names can be read.";
                conflicts_are_those_of_the_specification:
                    "Any condition holds exactly when the specification says so.";
            }
            reads {
                an_empty_journal_has_nothing:
                    "An empty journal is read up to the start, and there is no more.";
                only_what_matches_is_read:
                    "A read finds the events that match, and no others.";
                items_are_merged_in_order:
                    "Events come in order of position, whichever item they match.";
                an_event_that_matches_twice_is_read_once:
                    "An event that matches several items is read once.";
                a_read_begins_beyond_after:
                    "A read begins with the first event beyond `after`.";
                beyond_the_head_is_nothing:
                    "A read after the head or beyond it finds nothing, and ends at the head.";
                what_was_appended_is_read_at_once:
                    "A read finds every event whose append was acknowledged before.";
                random_reads_find_what_matches:
                    "Any read, page by page, finds exactly what matches.";
            }
            pages {
                a_page_has_at_most_its_limit:
                    "A page has at most as many events as asked for.";
                the_limit_counts_what_matches:
                    "The limit counts events that match, not those looked at.";
                the_limit_counts_all_items_together:
                    "The limit counts the events of all items together.";
                pages_go_on_without_gaps_or_repeats:
                    "Reading on after `upto` gives every event once, in pages of any size.";
                everything_up_to_upto_was_given:
                    "Every matching event up to a page's `upto` was given.";
                a_page_without_more_ends_at_the_head:
                    "The page that says there is no more ends at the head, and none goes beyond it.";
                a_read_ends_where_it_is_to_end:
                    "A read up to a position gives all up to there and nothing beyond, and ends there.";
                a_page_ends_with_the_event_that_fills_its_bytes:
                    "A page has no event more once it has as many bytes as asked for; it has one at least.";
                the_largest_limit_is_a_limit:
                    "Any limit can be asked for.";
            }
            heads {
                an_empty_journal_is_at_the_start:
                    "The head of an empty journal is the start.";
                the_head_is_the_last_position:
                    "The head is the last event of the last append.";
                the_time_is_the_latest_not_the_last:
                    "The head's time is the latest of all events, not that of the last one.";
                a_refused_append_does_not_move_the_time:
                    "A refused append does not move the head's time.";
            }
            outlines {
                an_empty_journal_shows_nothing:
                    "The outline of an empty journal is empty.";
                an_outline_is_of_what_it_says:
                    "An outline is what the events up to its end show, and ends at or before the head.";
            }
            lasts {
                an_empty_journal_has_no_last:
                    "An empty journal has no last event of anything.";
                the_last_match_is_found:
                    "The last match is the last event that any item of the query matches.";
                what_matches_nothing_has_no_last:
                    "What nothing matches has no last event, up to the head.";
                what_was_appended_is_the_last_at_once:
                    "An event whose append was acknowledged is the last of its kind.";
                it_is_the_last_that_a_read_finds:
                    "The last match of any query is the last event that a read of it finds.";
                nothing_beyond_the_last_matches:
                    "Beside writers, nothing between the last match and its `upto` matches.";
            }
            changes {
                what_is_there_is_told_at_once:
                    "Who waits for what is there already has an answer.";
                what_comes_is_told:
                    "Who waits has an answer when an event that matches was appended.";
                each_is_told_who_waits:
                    "Everybody who waits for an event has an answer, whoever goes away before.";
                a_wait_goes_on_while_others_are_opened_again:
                    "Opening an open journal again keeps who waits.";
                following_by_hints_misses_nothing:
                    "Who reads on whenever there is a hint sees every event, beside writers.";
            }
            values {
                an_empty_journal_has_no_values:
                    "An empty journal has no values of any key.";
                they_are_those_of_the_key_in_the_order_of_their_bytes:
                    "The values are those of the key, each once, in the order of their bytes.";
                only_those_on_events_of_the_types:
                    "Only values on events of the types are listed; no types are any.";
                pages_go_on_without_gaps_or_repeats:
                    "Reading on after the last value gives every one once, in pages of any size.";
                what_comes_between_two_pages_spoils_none:
                    "Appends between two pages leave out nothing that was there, and repeat nothing.";
                they_are_those_that_a_read_finds:
                    "The values of any key and types are those of the events that a read finds.";
                every_value_up_to_upto_was_given:
                    "Beside writers, every value of an event up to a page's `upto` was given.";
            }
            identity {
                it_stays_the_same:
                    "The identity is random, and stays while the journal is used and opened again.";
                a_place_in_it_is_known_again:
                    "A place in the journal is known again; one beyond its head is refused as that.";
                a_place_in_another_is_refused:
                    "A place in another journal is refused as that.";
            }
            limits {
                what_is_within_is_taken:
                    "An append of as many bytes as it may have is taken; so are the most tags, and the \
                     longest name of a type.";
                a_byte_more_is_never_taken:
                    "An append with a byte too many, as one event or several, is refused as never fitting.";
                a_tag_more_is_never_taken:
                    "An append of an event with a tag too many is refused as never fitting.";
                a_type_without_a_name_is_never_taken:
                    "An append of an event whose type's name is empty, or too long, is refused as never \
                     fitting.";
                what_is_refused_leaves_nothing:
                    "What never fits leaves nothing, whatever its condition says, and harms nobody else.";
            }
            health {
                a_fresh_journal_is_open:
                    "A journal that did not fail is open for writing.";
                reopening_what_is_open_changes_nothing:
                    "Opening an open journal again does nothing, whatever is under way.";
            }
            content {
                types_and_tags_come_back:
                    "An event's type and tags come back as they were.";
                payloads_come_back:
                    "A payload comes back byte by byte: empty, binary and large.";
                times_of_recording_come_back:
                    "The time of recording comes back, in any order and to the millisecond.";
                metadata_comes_back:
                    "Metadata comes back, and what is empty is not what is absent.";
            }
            names {
                tags_are_compared_byte_by_byte:
                    "Tags that differ in any byte are different tags.";
                types_are_compared_byte_by_byte:
                    "Types that differ in any byte are different types.";
                a_type_is_not_a_tag:
                    "A type and a tag of the same text are different things.";
            }
        }
    };
}
