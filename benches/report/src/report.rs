//! What was measured: a table, or one JSON object a line.

use std::io::{self, Write};

use serde_json::json;

use crate::Result;

/// What a number is held against.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Nothing is aimed at; the number is for information.
    None,
    /// Met by this much or more.
    AtLeast(f64),
    /// Met by this much or less.
    AtMost(f64),
}

impl Target {
    fn met(&self, value: f64) -> Option<bool> {
        match *self {
            Self::None => None,
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
        }
    }

    fn number(&self) -> Option<f64> {
        match *self {
            Self::None => None,
            Self::AtLeast(number) | Self::AtMost(number) => Some(number),
        }
    }
}

/// One measured number. Where it is compared, the target is one for the ratio.
#[derive(Debug)]
pub struct Line<'a> {
    /// What was measured.
    pub name: &'a str,
    /// The number, in `unit`.
    pub value: f64,
    /// Unit of `value`.
    pub unit: &'a str,
    /// What is aimed at.
    pub target: Target,
    /// What it is compared with, and how many times as much it is.
    pub against: Option<(&'a str, f64)>,
}

/// Prints lines as they come.
#[derive(Debug)]
pub struct Report {
    json: bool,
    is_empty: bool,
}

impl Report {
    /// A table, or JSON lines.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            is_empty: true,
        }
    }

    /// Prints a line that is compared with nothing.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn number(&mut self, name: &str, value: f64, unit: &str, target: Target) -> Result<()> {
        self.add(&Line {
            name,
            value,
            unit,
            target,
            against: None,
        })
    }

    /// Prints a line.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn add(&mut self, line: &Line<'_>) -> Result<()> {
        let ratio = line.against.map(|(_, ratio)| ratio);
        let met = line.target.met(ratio.unwrap_or(line.value));
        let mut out = io::stdout().lock();
        if self.json {
            let object = json!({
                "name": line.name,
                "value": line.value,
                "unit": line.unit,
                "target": line.target.number(),
                "met": met,
                "against": line.against.map(|(name, _)| name),
                "ratio": ratio,
            });
            writeln!(out, "{object}")?;
        } else {
            if self.is_empty {
                writeln!(
                    out,
                    "| Measurement | Value | Against | Ratio | Target | Met |"
                )?;
                writeln!(out, "|---|---:|---|---:|---:|---|")?;
            }
            let number = |number: Option<f64>| number.map(|number| format!("{number:.2}"));
            writeln!(
                out,
                "| {} | {} {} | {} | {} | {} | {} |",
                line.name,
                significant(line.value),
                line.unit,
                line.against.map_or("", |(name, _)| name),
                number(ratio).unwrap_or_default(),
                target(&line.target),
                met.map_or("", |met| if met { "yes" } else { "no" }),
            )?;
        }
        self.is_empty = false;
        Ok(())
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::None => String::new(),
        Target::AtLeast(least) => format!(">= {least}"),
        Target::AtMost(most) => format!("<= {most}"),
    }
}

fn significant(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
