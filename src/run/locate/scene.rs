//! Which source, array and site a place of the data belongs to.

use std::collections::{BTreeSet, HashMap};

use crate::diagnostic::{self, Finding, Label, span};
use crate::facts::Facts;
use crate::source::capture::key_of;
use crate::source::capture::places::{Element, Site, Span};
use crate::source::{ArrayFacts, Capture, SourceFacts};

/// The batches of all programs, and what handed them out.
pub(super) struct Scene<'f> {
    facts: &'f Facts,
    sources: HashMap<&'f str, &'f SourceFacts>,
    captures: HashMap<&'f str, &'f Capture>,
    /// By root and key.
    arrays: HashMap<(&'f str, &'f str), Vec<(&'f SourceFacts, &'f ArrayFacts)>>,
    /// By root, site and key.
    elements: HashMap<(&'f str, u32), HashMap<String, &'f Element>>,
    /// The sites that handed out the batches of a root; `None` where that is not known.
    sites: HashMap<&'f str, BTreeSet<Option<u32>>>,
}

/// What is known of a place of the data.
pub(super) struct Spot<'f> {
    /// The program.
    pub(super) capture: &'f Capture,
    /// What handed the batch out.
    pub(super) site: &'f Site,
    /// Whether that is only what handed out an earlier batch.
    pub(super) assumed: bool,
    /// The array, where the place is one.
    pub(super) array: Option<&'f ArrayFacts>,
    /// The array at the site.
    pub(super) element: Option<&'f Element>,
    /// What is special about the place.
    pub(super) detail: Option<String>,
}

/// How well a place in the source is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grip {
    /// It is proven.
    Exact,
    /// It is somewhere within.
    Within,
    /// It is somewhere on the line.
    Line,
}

/// A place in a source text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// These bytes.
    Span(Span),
    /// The whole line, from 1.
    Line(u64),
}

impl Place {
    /// The label, if the text is known and has such a place.
    pub(super) fn label(self, capture: &Capture, source: Option<u32>, says: String) -> Option<Label> {
        let text = span::text(capture.text(source?)?);
        let span = match self {
            Self::Span(span) => span::bytes(&text.body, span),
            Self::Line(line) => span::line(&text.body, line),
        }?;
        Some(Label { text, span, says })
    }
}

impl<'f> Scene<'f> {
    /// The batches among the facts.
    pub(super) fn of(facts: &'f Facts) -> Self {
        let captures: HashMap<_, _> = facts.captures().iter().map(|capture| (&*capture.root, capture)).collect();
        let mut scene = Self {
            facts,
            sources: HashMap::new(),
            captures,
            arrays: HashMap::new(),
            elements: HashMap::new(),
            sites: HashMap::new(),
        };
        for capture in facts.captures() {
            for site in &capture.sites {
                let elements = scene.elements.entry((&*capture.root, site.id)).or_default();
                for element in &site.elements {
                    elements.entry(key_of(&element.path)).or_insert(element);
                }
            }
        }
        for source in facts.sources() {
            let Some(yielded) = &source.yielded else { continue };
            scene.sources.insert(&source.path, source);
            scene.sites.entry(&source.root).or_default().insert(yielded.site);
            for array in &source.arrays {
                scene.arrays.entry((&*source.root, &*array.key)).or_default().push((source, array));
            }
        }
        scene
    }

    /// What is known of the place; `None` where it is not in a batch of a program, or nobody saw what handed it out.
    pub(super) fn spot(&self, place: &diagnostic::Place) -> Option<Spot<'f>> {
        let source = *self.sources.get(place.source.as_str())?;
        let yielded = source.yielded.as_deref()?;
        let capture = *self.captures.get(&*source.root)?;
        let site = capture.site(yielded.site?)?;
        let key = place.array.as_deref();
        let array = key.and_then(|key| source.arrays.iter().find(|array| *array.key == *key));
        let element = array.and_then(|array| self.elements.get(&(&*source.root, site.id))?.get(&*array.key).copied());
        Some(Spot { capture, site, assumed: yielded.assumed, array, element, detail: place.detail.clone() })
    }

    /// The one place that hands out batches, if there is only one program and it has only one.
    pub(super) fn only(&self) -> Option<Spot<'f>> {
        let [capture] = self.facts.captures() else { return None };
        let [site] = capture.sites.as_slice() else { return None };
        Some(Spot { capture, site, assumed: false, array: None, element: None, detail: None })
    }

    /// Whether a count of batches is one of what that spot handed out: every batch of the only program comes from its site,
    /// and where the finding is not about one type (`is_type`), the array has one type in all of them.
    pub(super) fn is_counted(&self, spot: &Spot<'_>, is_type: bool) -> bool {
        let one_site = self.sites.get(&*spot.capture.root).is_some_and(|sites| sites.len() == 1);
        let one_type = spot.array.is_none_or(|array| {
            let same = self.arrays.get(&(&*spot.capture.root, &*array.key)).map(Vec::as_slice).unwrap_or_default();
            is_type || same.iter().all(|(_, other)| other.header.dtype == array.header.dtype)
        });
        self.captures.len() == 1 && one_site && one_type
    }

    /// Type and shape of the arrays that the finding is about: `float64 [32, 32, 3]`, with the least and the greatest size
    /// of an axis that differs between them, or without a shape where it is not known which arrays they are; empty for a
    /// place that is no array.
    pub(super) fn extent(&self, spot: &Spot<'_>, finding: &Finding) -> String {
        let Some(array) = spot.array else { return String::new() };
        let named = (finding.places.len() as u64 >= finding.count).then_some(&finding.places);
        let same = self.arrays.get(&(&*spot.capture.root, &*array.key)).map(Vec::as_slice).unwrap_or_default();
        let meant: Vec<_> = same
            .iter()
            .filter(|(source, other)| {
                other.header.dtype == array.header.dtype
                    && source.yielded.as_ref().is_some_and(|yielded| yielded.site == Some(spot.site.id))
                    && named.is_none_or(|places| places.iter().any(|place| *place.source == *source.path))
            })
            .collect();
        let shapes: BTreeSet<&[u64]> = meant.iter().map(|(_, other)| other.header.shape.as_slice()).collect();
        let dtype = &array.header.dtype;
        let all = named.is_some() || meant.len() as u64 == finding.count;
        if (!all && shapes.len() > 1) || shapes.iter().any(|shape| shape.len() != array.header.shape.len()) {
            return dtype.to_string();
        }
        let axis = |axis: usize| {
            let sizes = || shapes.iter().filter_map(|shape| shape.get(axis)).copied();
            match (sizes().min(), sizes().max()) {
                (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
                _ => array.header.shape[axis].to_string(),
            }
        };
        let sizes: Vec<String> = (0..array.header.shape.len()).map(axis).collect();
        format!("{dtype} [{}]", sizes.join(", "))
    }
}

impl Spot<'_> {
    /// Whether both are one array of one site.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.capture.root == other.capture.root
            && self.site.id == other.site.id
            && self.array.map(|array| &array.key) == other.array.map(|array| &array.key)
    }

    /// Where it was handed out, in which text, and how well that is known.
    pub(super) fn handed(&self) -> Option<(Option<u32>, Place, Grip)> {
        let site = self.site;
        if let Some(element) = self.element
            && let Some(span) = element.span
        {
            let grip = if element.exact { Grip::Exact } else { Grip::Within };
            return Some((element.source.or(site.source), Place::Span(span), grip));
        }
        match (site.how.as_str(), site.span) {
            ("exact" | "ordinal" | "only", Some(span)) => {
                let grip = if self.array.is_some() { Grip::Within } else { Grip::Exact };
                Some((site.source, Place::Span(span), grip))
            }
            ("exact" | "ordinal" | "only" | "line", _) => Some((site.source, Place::Line(site.line), Grip::Line)),
            _ => None,
        }
    }
}
