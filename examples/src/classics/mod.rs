//! The classic cases of dynamic consistency boundaries, each in one file that can be read alone.
//!
//! | file | what it shows |
//! |---|---|
//! | `user_name` | a name that is unique among all, released, and kept back for a while |
//! | `invoice_number` | a sequence without gaps: only the last event of a type matters |
//! | `opt_in_token` | a token for one use, in time; a key of two IDs |
//! | `product_price` | a price shown is a price kept, for ten minutes; a vector of views |
//! | `place_order` | sent twice, done once |
//! | `course_aggregate` | an aggregate that is live, and rebuilt by a decision |

pub mod course_aggregate;
pub mod invoice_number;
pub mod opt_in_token;
pub mod place_order;
pub mod product_price;
pub mod user_name;
