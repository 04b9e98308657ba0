//! A recorded evening: what the outside did to the accounts of [streaming](crate::streaming), when.
//!
//! A trace is text, one JSON object per line:
//!
//! ```json
//! {"at":0,"account":"home-017","what":"set_limit","limit":2}
//! {"at":61500,"account":"home-017","session":"tv","what":"acquire","lease_ms":180000}
//! {"at":121700,"account":"home-017","session":"tv","what":"keep_alive","lease_ms":180000}
//! {"at":130200,"account":"home-017","session":"tv","what":"release"}
//! ```
//!
//! 1. `at` is in milliseconds since the recording began, and never goes back.
//! 2. It holds attempts, not outcomes: whatever rules there are judge them anew. So a lease or a
//!    limit that no rule would accept is a step like any other.
//! 3. What is written here reads back as the same steps.
//! 4. A line that is not a step is refused by its number, with what is wrong and what was expected.

mod line;
mod read;
mod step;

pub use line::BadLine;
pub use read::{TraceError, read_trace};
pub use step::{Attempt, Step};
