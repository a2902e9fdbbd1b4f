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

/// An expression over symbols. Division must leave no remainder. The parser bounds how deep it nests.
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

impl Shape {
    /// The symbols of all entries, in the order written, repeats included.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.dims.iter().flat_map(Dim::symbols)
    }
}

impl Dim {
    /// The symbols of the entry, in the order written, repeats included.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        let entries = if let Self::Either(dims) = self { dims.as_slice() } else { std::slice::from_ref(self) };
        entries.iter().filter_map(|dim| if let Self::Size(expr) = dim { Some(expr.symbols()) } else { None }).flatten()
    }
}

impl Expr {
    /// The size, if every symbol is bound, every division is exact, and the result is a size at all: not negative
    /// and at most `u64::MAX`. What stands inside the expression may be negative.
    #[must_use]
    pub fn eval(&self, bindings: &Bindings) -> Option<u64> {
        self.value(bindings).and_then(|value| u64::try_from(value).ok())
    }

    /// The symbols, in the order written, repeats included.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        let mut left = vec![self];
        std::iter::from_fn(move || {
            while let Some(expr) = left.pop() {
                match expr {
                    Self::Number(_) => {}
                    Self::Symbol(name) => return Some(name.as_str()),
                    Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) | Self::Div(a, b) => {
                        left.push(b);
                        left.push(a);
                    }
                }
            }
            None
        })
    }

    fn value(&self, bindings: &Bindings) -> Option<i128> {
        match self {
            Self::Number(n) => Some(i128::from(*n)),
            Self::Symbol(name) => bindings.get(name).copied().map(i128::from),
            Self::Add(a, b) => a.value(bindings)?.checked_add(b.value(bindings)?),
            Self::Sub(a, b) => a.value(bindings)?.checked_sub(b.value(bindings)?),
            Self::Mul(a, b) => a.value(bindings)?.checked_mul(b.value(bindings)?),
            Self::Div(a, b) => {
                let (a, b) = (a.value(bindings)?, b.value(bindings)?);
                (a.checked_rem(b)? == 0).then(|| a.checked_div(b)).flatten()
            }
        }
    }

    /// How tightly the outermost sign binds: sums least, names and numbers most.
    fn binding(&self) -> u8 {
        match self {
            Self::Add(..) | Self::Sub(..) => 0,
            Self::Mul(..) | Self::Div(..) => 1,
            Self::Number(_) | Self::Symbol(_) => 2,
        }
    }
}

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
    /// Without blanks, and with the fewest parentheses that read back as the same expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, sign, right) = match self {
            Self::Number(n) => return write!(f, "{n}"),
            Self::Symbol(name) => return f.write_str(name),
            Self::Add(a, b) => (a, '+', b),
            Self::Sub(a, b) => (a, '-', b),
            Self::Mul(a, b) => (a, '*', b),
            Self::Div(a, b) => (a, '/', b),
        };
        let side = |f: &mut fmt::Formatter<'_>, expr: &Self, parentheses: bool| {
            if parentheses { write!(f, "({expr})") } else { write!(f, "{expr}") }
        };
        side(f, left, left.binding() < self.binding())?;
        write!(f, "{sign}")?;
        side(f, right, right.binding() <= self.binding())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> Expr {
        Expr::Number(n)
    }

    fn symbol(name: &str) -> Expr {
        Expr::Symbol(name.into())
    }

    fn add(a: Expr, b: Expr) -> Expr {
        Expr::Add(a.into(), b.into())
    }

    fn sub(a: Expr, b: Expr) -> Expr {
        Expr::Sub(a.into(), b.into())
    }

    fn mul(a: Expr, b: Expr) -> Expr {
        Expr::Mul(a.into(), b.into())
    }

    fn div(a: Expr, b: Expr) -> Expr {
        Expr::Div(a.into(), b.into())
    }

    fn bound(pairs: &[(&str, u64)]) -> Bindings {
        pairs.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
    }

    #[test]
    fn parentheses_stand_where_they_change_the_meaning_and_nowhere_else() {
        let inner = div(symbol("b"), symbol("c"));
        assert_eq!(div(symbol("a"), inner.clone()).to_string(), "a/(b/c)");
        assert_eq!(div(inner, symbol("a")).to_string(), "b/c/a");
        let sum = add(symbol("a"), symbol("b"));
        assert_eq!(mul(number(2), sum.clone()).to_string(), "2*(a+b)");
        assert_eq!(sub(sum.clone(), symbol("c")).to_string(), "a+b-c");
        assert_eq!(sub(symbol("c"), sum).to_string(), "c-(a+b)");
    }

    #[test]
    fn a_value_needs_every_symbol_an_exact_division_and_a_size_that_fits() {
        let half = div(symbol("H"), number(2));
        assert_eq!(half.eval(&bound(&[("H", 32)])), Some(16));
        assert_eq!(half.eval(&bound(&[("H", 33)])), None, "33/2 leaves a remainder");
        assert_eq!(half.eval(&bound(&[])), None, "H is not known");
        assert_eq!(div(number(1), symbol("H")).eval(&bound(&[("H", 0)])), None, "division by zero");
        assert_eq!(sub(number(1), symbol("T")).eval(&bound(&[("T", 2)])), None, "a size is not negative");
        assert_eq!(mul(symbol("T"), symbol("T")).eval(&bound(&[("T", u64::MAX)])), None, "too large");
    }

    #[test]
    fn only_the_result_has_to_be_a_size() {
        let back = add(sub(symbol("T"), number(3)), number(3));
        assert_eq!(back.eval(&bound(&[("T", 1)])), Some(1));
    }

    #[test]
    fn symbols_come_in_the_order_written_repeats_included() {
        let expr = sub(mul(symbol("W"), symbol("T")), symbol("W"));
        assert_eq!(expr.symbols().collect::<Vec<_>>(), ["W", "T", "W"]);
        let dim = Dim::Either(vec![Dim::Fixed(1), Dim::Size(expr), Dim::Size(Expr::Symbol("C".into()))]);
        assert_eq!(dim.symbols().collect::<Vec<_>>(), ["W", "T", "W", "C"]);
    }
}
