-- RFC 5952, section 4.2: of eight groups ':a:0:0:b:c:d:e:f:' (a colon at both ends), the longest run of two or more
-- zero groups, the first of equals, becomes '::'.
-- The lambda is a name for the argument, which a macro would compute each time it is mentioned.
CREATE OR REPLACE MACRO main.ipv6_compressed(groups) AS
list_transform([groups], lambda g: CASE
    WHEN g = ':0:0:0:0:0:0:0:0:' THEN '::'
    WHEN contains(g, ':0:0:0:0:0:0:0:') THEN zeros_removed(g, ':0:0:0:0:0:0:0:')
    WHEN contains(g, ':0:0:0:0:0:0:') THEN zeros_removed(g, ':0:0:0:0:0:0:')
    WHEN contains(g, ':0:0:0:0:0:') THEN zeros_removed(g, ':0:0:0:0:0:')
    WHEN contains(g, ':0:0:0:0:') THEN zeros_removed(g, ':0:0:0:0:')
    WHEN contains(g, ':0:0:0:') THEN zeros_removed(g, ':0:0:0:')
    WHEN contains(g, ':0:0:') THEN zeros_removed(g, ':0:0:')
    ELSE trim(g, ':')
END)[1];
