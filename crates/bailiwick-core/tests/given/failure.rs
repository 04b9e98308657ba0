//! How a story fails.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;

thread_local! {
    static LINE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The message with which `story` fails, and the line of its file that it points at.
#[track_caller]
pub fn failure(story: impl FnOnce()) -> (String, u32) {
    let here = Location::caller().file();
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|l| (l.file().to_owned(), l.line()));
            let quiet =
                LINE.with_borrow_mut(|line| line.as_mut().map(|line| *line = place.unwrap()));
            if quiet.is_none() {
                before(info);
            }
        }));
    });
    LINE.set(Some(Default::default()));
    let result = catch_unwind(AssertUnwindSafe(story));
    let (file, line) = LINE.take().unwrap();
    let panic = result.expect_err("the story should have failed");
    assert_eq!(file, here, "where it points at");
    (*panic.downcast::<String>().expect("a message"), line)
}
