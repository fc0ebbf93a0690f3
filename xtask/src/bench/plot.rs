//! The bar chart of the times: an SVG file without an embedded font, for light and dark pages.

use std::fmt::Write;

use super::figure::Group;

/// A bar: a contestant and its time.
#[derive(Debug, PartialEq)]
pub(super) struct Bar<'a> {
    label: &'a str,
    nanos: f64,
}

/// Returns a bar for each figure that is a time of a call, in the order of the figures.
pub(super) fn times(groups: &[Group]) -> Vec<Bar<'_>> {
    let figures = groups.iter().flat_map(|group| &group.figures);
    figures
        .filter_map(|figure| Some(Bar { label: figure.name.strip_suffix(TIME)?, nanos: figure.value }))
        .collect()
}

/// Draws the bars. Ours has another colour. A dashed line marks the end of the first bar: a request without a layer.
pub(super) fn bars(bars: &[Bar<'_>]) -> String {
    let most = bars.iter().map(|bar| bar.nanos).fold(1.0, f64::max);
    let length = |nanos: f64| LONGEST * nanos / most;
    let bottom = TOP + ROW * bars.len() as f64;
    let mut rows = String::new();
    for (index, bar) in bars.iter().enumerate() {
        let Bar { label, nanos } = bar;
        let middle = TOP + ROW * (index as f64 + 0.5);
        let class = if *label == OURS { " class=\"ours\"" } else { "" };
        // Writing to a `String` never fails.
        let _ = write!(
            rows,
            r#"  <g{class}>
    <text class="label" x="{:.0}" y="{middle:.0}">{label}</text>
    <rect x="{LEFT:.0}" y="{:.0}" width="{:.1}" height="{THICK:.0}" rx="3"/>
    <text class="value" x="{:.1}" y="{middle:.0}">{nanos:.0} ns</text>
  </g>
"#,
            LEFT - GAP,
            middle - THICK / 2.0,
            length(*nanos),
            LEFT + length(*nanos) + GAP,
        );
    }
    let request = LEFT + bars.first().map_or(0.0, |bar| length(bar.nanos));
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-label="{TITLE}">
  <style>
    text {{ font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }}
    .title {{ font-size: 17px; font-weight: 600 }}
    .note {{ font-size: 12.5px; fill: #59636e }}
    .label {{ text-anchor: end }}
    .label, .value {{ dominant-baseline: central }}
    rect {{ fill: #afb8c1 }}
    line {{ stroke: #59636e; stroke-dasharray: 3 3 }}
    .ours rect {{ fill: #0969da }}
    .ours text {{ font-weight: 600 }}
    @media (prefers-color-scheme: dark) {{
      text {{ fill: #e6edf3 }}
      .note {{ fill: #9198a1 }}
      rect {{ fill: #4d5561 }}
      line {{ stroke: #9198a1 }}
      .ours rect {{ fill: #4493f8 }}
    }}
  </style>
  <text class="title" x="{MARGIN:.0}" y="28">{TITLE}</text>
  <text class="note" x="{MARGIN:.0}" y="49">Nanoseconds per call; shorter is better. The dashed line marks a request without a layer.</text>
{rows}  <line x1="{request:.1}" y1="{TOP:.0}" x2="{request:.1}" y2="{bottom:.0}"/>
</svg>
"#,
        height = bottom + MARGIN,
    )
}

const TIME: &str = ": time of a call";
const OURS: &str = "auth-layer";
const TITLE: &str = "A request with a cached token";

// Lengths are in pixels.
const WIDTH: f64 = 720.0;
const MARGIN: f64 = 16.0;
const TOP: f64 = 64.0;
const ROW: f64 = 32.0;
const THICK: f64 = 20.0;
const LEFT: f64 = 230.0;
const GAP: f64 = 10.0;
/// The length of the longest bar. It leaves room for the value to its right.
const LONGEST: f64 = 400.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure::Figure;

    #[test]
    fn the_longest_bar_has_full_length_and_ours_has_its_colour() {
        let lines = ["none: time of a call\t50\tns", "auth-layer: time of a call\t100\tns", "other\t7\tx"];
        let figures = lines.iter().map(|line| Figure::read(&format!("figure\t{line}\t-")).unwrap()).collect();
        let groups = [Group { title: "Times", figures }];
        let times = times(&groups);
        assert_eq!(times.len(), 2);
        let drawing = bars(&times);
        assert!(drawing.contains(r#"width="200.0""#) && drawing.contains(r#"width="400.0""#), "{drawing}");
        assert_eq!(drawing.matches(r#"<g class="ours">"#).count(), 1);
        assert!(drawing.contains(r#"x1="430.0""#), "the line is at the end of the first bar: {drawing}");
        assert!(!drawing.contains("NaN") && !bars(&[]).contains("NaN"));
    }
}
