//! Declared shapes: fixed sizes, the batch axis, symbols, expressions, wildcards and alternatives.

use std::collections::BTreeMap;
use std::fmt;

/// A declared shape, one entry per axis except for [`Dim::Rest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The entries, in order. [`Dim::Rest`] occurs at most once.
    pub dims: Vec<Dim>,
}

/// One entry of a declared shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// Exactly this size.
    Fixed(u64),
    /// The batch axis.
    Batch,
    /// A size worked out from symbols: `T`, `2*T-1`, `H/2`.
    Size(Expr),
    /// `*`: any size.
    Any,
    /// `...`: any number of axes.
    Rest,
    /// `1 | C`: one of these. Never holds `Rest` or another `Either`.
    Either(Vec<Dim>),
}

/// An expression over symbols. Division must leave no remainder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A number.
    Number(u64),
    /// A symbol of `[dims]`, or one bound by the first array that shows it.
    Symbol(String),
    /// `a + b`
    Add(Box<Expr>, Box<Expr>),
    /// `a - b`
    Sub(Box<Expr>, Box<Expr>),
    /// `a * b`
    Mul(Box<Expr>, Box<Expr>),
    /// `a / b`, exact
    Div(Box<Expr>, Box<Expr>),
}

/// The sizes that symbols have in one batch.
pub type Bindings = BTreeMap<String, u64>;

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, dim) in self.dims.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Batch => f.write_str("batch"),
            Self::Size(expr) => write!(f, "{expr}"),
            Self::Any => f.write_str("*"),
            Self::Rest => f.write_str("..."),
            Self::Either(dims) => {
                for (i, dim) in dims.iter().enumerate() {
                    if i > 0 {
                        f.write_str(" | ")?;
                    }
                    write!(f, "{dim}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |f: &mut fmt::Formatter<'_>, expr: &Self| match expr {
            Self::Add(..) | Self::Sub(..) => write!(f, "({expr})"),
            _ => write!(f, "{expr}"),
        };
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Symbol(name) => f.write_str(name),
            Self::Add(a, b) => write!(f, "{a}+{b}"),
            Self::Sub(a, b) => {
                write!(f, "{a}-")?;
                side(f, b)
            }
            Self::Mul(a, b) => {
                side(f, a)?;
                f.write_str("*")?;
                side(f, b)
            }
            Self::Div(a, b) => {
                side(f, a)?;
                f.write_str("/")?;
                side(f, b)
            }
        }
    }
}
