//! How the table of bounds is read: whatever is said of a bound (its default, its unit, its row in the table, its setter
//! and getter, that it may not be zero) is made here of its one row, so that none can be forgotten and the table cannot
//! lie.

use std::fmt;

/// A bound that a runtime cannot keep to; from [`StartError::Config`](crate::StartError::Config).
///
/// Shown, it is a sentence: "`Config::timeout` is zero: no caller would wait for its answer".
///
/// For an example see [`StartError`](crate::StartError).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongBound {
    /// Its name: the one of its setter.
    pub bound: &'static str,
    /// Why it cannot be kept.
    pub why: &'static str,
}

impl fmt::Display for WrongBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`Config::{}` {}", self.bound, self.why)
    }
}

/// A default, from what the table says of it.
macro_rules! value {
    ($n:literal ms) => {
        Duration::from_millis($n)
    };
    ($n:literal s) => {
        Duration::from_secs($n)
    };
    ($n:literal h) => {
        Duration::from_secs($n * 3_600)
    };
    ($n:literal KiB) => {
        $n << 10
    };
    ($n:literal MiB) => {
        $n << 20
    };
    ($n:literal GiB) => {
        $n << 30
    };
    ($n:literal $unit:ident) => {
        $n
    };
}

/// Bounds that are set, then those that are fixed:
///
/// - `name: type = default unit, "what", zero "why it may not be zero";`
/// - `"name" = value unit, the constant, "what";`
macro_rules! bounds {
    (
        set { $($(#[$long:meta])* $name:ident / $get:ident: $type:ty = $n:literal $unit:ident, $what:literal
            $(, zero $zero:literal)?;)* }
        fixed { $($fixed:literal = $m:literal $of:ident, $constant:expr, $of_what:literal;)* }
    ) => {
        /// The bounds of a runtime. All have defaults that suit a server.
        ///
        /// Each is set by a method of its name, and got by one with `get_` before it. A bound that cannot
        /// be kept is refused when the runtime is started, with all that are wrong
        /// ([`StartError::Config`](crate::StartError::Config)).
        ///
        /// ```
        /// # use std::time::Duration;
        /// # use bailiwick::{MemoryJournal, Runtime};
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let runtime = Runtime::builder(MemoryJournal::new())
        ///     .config(|config| config.timeout(Duration::from_secs(1)).mailbox_commands(100))
        ///     .start()
        ///     .await?;
        ///
        /// let refused = Runtime::builder(MemoryJournal::new())
        ///     .config(|config| config.timeout(Duration::ZERO))
        ///     .start()
        ///     .await;
        /// assert_eq!(
        ///     refused.unwrap_err().to_string(),
        ///     "`Config::timeout` is zero: no caller would wait for its answer",
        /// );
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # All bounds
        ///
        /// | bound | default | unit | of what |
        /// |---|---:|---|---|
        $(#[doc = concat!(
            "| [`", stringify!($name), "`](Config::", stringify!($name), ") | ", stringify!($n), " | ",
            stringify!($unit), " | ", $what, " |",
        )])*
        ///
        /// Those that cannot be changed:
        ///
        /// | bound | value | unit | of what |
        /// |---|---:|---|---|
        $(#[doc = concat!(
            "| ", $fixed, " | ", stringify!($m), " | ", stringify!($of), " | ", $of_what, " |",
        )])*
        ///
        /// What an append may hold is up to the journal ([`Journal::limits`](crate::journal::Journal::limits)); the
        /// table has what every journal takes unless it was told otherwise.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $(pub(crate) $name: $type,)*
        }

        impl Default for Config {
            fn default() -> Self {
                Config { $($name: value!($n $unit),)* }
            }
        }

        impl Config {
            $(
                #[doc = concat!($what, " Default ", stringify!($n), " ", stringify!($unit), ".")]
                $(#[doc = concat!("\n\nNot zero: ", $zero, ".\n\n")])?
                $(#[$long])*
                #[must_use]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }

                #[doc = concat!("What [`", stringify!($name), "`](Self::", stringify!($name), ") is.")]
                pub fn $get(&self) -> $type {
                    self.$name
                }
            )*

            /// Those that are zero and must not be.
            fn zeros(&self) -> Vec<WrongBound> {
                let mut wrong = Vec::new();
                $($(if self.$name == <$type>::default() {
                    let why = concat!("is zero: ", $zero);
                    wrong.push(WrongBound { bound: stringify!($name), why });
                })?)*
                wrong
            }
        }

        $(const _: () = assert!($constant == value!($m $of), "the table says another value");)*

        #[cfg(test)]
        impl Config {
            fn nothing() -> Config {
                Config { $($name: <$type>::default(),)* }
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

pub(super) use {bounds, value};
