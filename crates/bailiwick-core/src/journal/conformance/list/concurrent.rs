//! The cases in which several threads call the journal at a time.

/// All cases: these after those that come `before`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_concurrent_cases {
    ([$($then:tt)+] $($before:tt)*) => {
        $($then)+! {
            $($before)*
            races {
                one_of_16_wins:
                    "Of 16 writers that saw the same, one wins; the others lose to its event.";
                one_of_64_wins:
                    "Of 64 writers that saw the same, one wins; the others lose to its event.";
                one_of_64_is_the_first_ever:
                    "Of 64 writers that take a name nobody had, one wins.";
                each_name_is_taken_once:
                    "Of three writers that go through the same names, each name goes to one.";
                four_boundaries_have_four_winners:
                    "Of 64 writers in four boundaries, one in each wins.";
                a_course_is_never_overbooked:
                    "64 writers that try again until the course is full fill it, and no more.";
                disjoint_tags_never_conflict:
                    "Writers that guard different tags never conflict.";
                disjoint_types_never_conflict:
                    "Writers that guard different types never conflict.";
                unconditional_appends_all_succeed:
                    "Appends without a condition all succeed, whole and each writer's in order.";
            }
            boundaries {
                a_type_and_a_tag_of_one_event:
                    "Of two that guard a type and a tag of the same event, one wins.";
                a_type_guarded_and_a_tag_appended:
                    "Of two where each appends what the other guards, by type and by tag, one wins.";
                one_tag_and_two_tags:
                    "Of two that guard one tag, and that tag with another, one wins.";
                two_tags_of_three:
                    "Of two that guard two tags each and share one, one wins.";
                one_type_and_several:
                    "Of two that guard one type, and several with that one, one wins.";
                items_that_share_one_part:
                    "Of two whose queries share one item, one wins.";
                each_guards_what_the_other_appends:
                    "Of two where each guards only what the other appends, one wins: no write skew.";
                never_and_a_moving_boundary:
                    "Of two that guard the same by `never` and by a moving boundary, one wins.";
                everything_and_one_tag:
                    "Of two that guard everything and a single tag, one wins.";
            }
            readers {
                readers_see_whole_appends:
                    "A reader beside writers sees no gap and no part of an append.";
                items_are_read_at_one_instant:
                    "The items of a read are read at one instant.";
                what_was_seen_does_not_change:
                    "Nothing appears, changes or goes below a position that was read up to.";
                following_misses_nothing:
                    "Who reads on after `upto` beside writers misses nothing.";
                the_head_never_goes_back:
                    "The head never goes back, is never within an append, and reads reach it.";
                what_was_acknowledged_is_there_for_all:
                    "What one thread was acknowledged, another reads.";
            }
            oracle {
                nothing_contradicts_what_a_writer_relied_on:
                    "No event matches between what a writer had seen and what it wrote.";
            }
        }
    };
}
