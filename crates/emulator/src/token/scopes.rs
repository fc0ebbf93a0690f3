//! GoTo's scopes. Some names end in a colon, as they do at GoTo.

/// Returns the requested scopes, or all scopes if none is requested. `None` if one is unknown.
pub(crate) fn scopes(asked: Option<&str>) -> Option<Vec<String>> {
    let Some(asked) = asked else {
        return Some(SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).collect());
    };
    let mut scopes: Vec<String> = Vec::new();
    for scope in asked.split(' ') {
        SCOPES.iter().find(|(known, _)| *known == scope)?;
        if !scopes.iter().any(|other| other == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Some(scopes)
}

/// The scopes of the client, and their descriptions.
pub(crate) const SCOPES: [(&str, &str); 14] = [
    ("collab:", "meetings, webinars and trainings"),
    ("identity:", "the account and its users"),
    ("identity:scim.me", "your own identity"),
    ("messaging.v1.send", "sending messages"),
    ("messaging.v1.read", "reading messages"),
    ("cr.v1.read", "call history and reports"),
    ("call-events.v1.events.read", "call events"),
    ("call-events.v1.notifications.manage", "notices of call events"),
    ("voicemail.v1.voicemails.read", "listening to voicemail"),
    ("users.v1.read", "users"),
    ("users.v1.lines.read", "lines of users"),
    ("voice-admin.v1.read", "settings of the telephone system"),
    ("calls.v2.initiate", "starting calls"),
    ("recording.v1.read", "recordings"),
];
