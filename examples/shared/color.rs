//! Colours: when what a program prints has them, and how wide it may be.

use clap::{Args, ColorChoice};

#[derive(Debug, Args)]
pub struct Color {
    /// When to use colours
    ///
    /// Unless told otherwise, on a terminal and if NO_COLOR is not set.
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto, hide_default_value = true)]
    color: ColorChoice,
}

impl Color {
    /// Lets everything that is printed from now on use colours as told.
    pub fn choose(&self) {
        let choice = match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Fails if the help of a program is wider than a terminal.
#[cfg(test)]
pub fn assert_help_fits<A: clap::CommandFactory>() {
    let mut command = A::command();
    command.clone().debug_assert();
    for help in [command.render_help(), command.render_long_help()] {
        let help = help.to_string();
        assert!(help.lines().all(|line| line.len() <= crate::style::WIDTH), "{help}");
    }
}
