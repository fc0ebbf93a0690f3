//! A path template such as `/rooms/{room_id}`, and how a path is matched with it.

use percent_encoding::percent_decode_str;

#[derive(Clone, Debug)]
pub(crate) struct Template {
    segments: Vec<Segment>,
    shape: String,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    Parameter,
}

impl Template {
    pub(crate) fn new(path: &str) -> Self {
        let segments: Vec<Segment> = split(path)
            .map(|segment| match segment.starts_with('{') && segment.ends_with('}') {
                true => Segment::Parameter,
                false => Segment::Literal(segment.to_owned()),
            })
            .collect();
        let shape = segments.iter().fold(String::new(), |shape, segment| {
            shape
                + "/"
                + match segment {
                    Segment::Literal(text) => text,
                    Segment::Parameter => "{}",
                }
        });
        Self { segments, shape }
    }

    /// Returns the template without the names of its parameters, such as `/rooms/{}`.
    pub(crate) fn shape(&self) -> &str {
        &self.shape
    }

    /// Returns the decoded parameters if the path matches.
    pub(crate) fn fit(&self, path: &str) -> Option<Vec<String>> {
        let mut parameters = Vec::new();
        let mut given = split(path);
        for segment in &self.segments {
            // The path is split before it is decoded, so that an encoded slash stays in its segment.
            let decoded = percent_decode_str(given.next()?).decode_utf8().ok()?;
            match segment {
                Segment::Literal(text) if *text == decoded => {}
                Segment::Parameter if !decoded.is_empty() => parameters.push(decoded.into_owned()),
                _ => return None,
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// Returns a key that orders templates which match the same path: the template whose literal segment comes first
    /// wins.
    pub(crate) fn specificity(&self) -> Vec<bool> {
        let is_literal = |segment: &Segment| matches!(segment, Segment::Literal(_));
        self.segments.iter().map(is_literal).collect()
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn a_path_fits_segment_by_segment() {
        let template = Template::new("/rooms/{room_id}/tables");
        assert_eq!(template.shape(), "/rooms/{}/tables");
        assert_eq!(template.fit("/rooms/a%2Fb/tables"), Some(vec!["a/b".to_owned()]));
        assert_eq!(template.fit("/rooms//tables"), None);
        assert_eq!(template.fit("/rooms/1"), None);
        assert_eq!(template.fit("/rooms/1/tables/2"), None);
        assert_eq!(template.fit("/rooms/%ff/tables"), None);
    }

    #[test]
    fn a_literal_is_more_specific_than_a_parameter() {
        let literal = Template::new("/registrants/fields").specificity();
        assert!(literal > Template::new("/registrants/{key}").specificity());
    }
}
