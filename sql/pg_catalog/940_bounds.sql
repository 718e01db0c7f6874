-- Functions whose answers grow far beyond what they are given, or whose time is the product of two lengths, within
-- bounds. Neither memory_limit nor interrupt() reaches into a function: DuckDB's own repeat('x', 4000000000) takes
-- 4 GB and twenty seconds that nothing can end. What is guarded is an argument and not the call: DuckDB works out
-- calls of constants in branches it never takes. error() makes the argument volatile, so that it is no constant:
-- what questions use of these functions is called as system.main's.
CREATE MACRO main.repeat(given, times) AS system.main.repeat(
    given,
    CASE
        WHEN len(given)::HUGEINT * times > 1000000
            THEN error('repeat() makes up to 1000000 characters or elements here')
        ELSE times
    END
);
CREATE MACRO main.lpad(given, wanted, filler) AS system.main.lpad(
    given, CASE WHEN wanted > 1000000 THEN error('lpad() makes up to 1000000 characters here') ELSE wanted END, filler
), (given, wanted) AS lpad(given, wanted, ' ');
CREATE MACRO main.rpad(given, wanted, filler) AS system.main.rpad(
    given, CASE WHEN wanted > 1000000 THEN error('rpad() makes up to 1000000 characters here') ELSE wanted END, filler
), (given, wanted) AS rpad(given, wanted, ' ');
CREATE MACRO main.bitstring(given, wanted) AS system.main.bitstring(
    given, CASE WHEN wanted > 1000000 THEN error('bitstring() makes up to 1000000 bits here') ELSE wanted END
);
CREATE MACRO main.to_base(given, radix) AS system.main.to_base(given, radix),
(given, radix, least) AS system.main.to_base(
    given, radix, CASE WHEN least > 64 THEN error('to_base() makes up to 64 digits here') ELSE least END
);
CREATE MACRO main.replace(given, wanted, instead) AS system.main.replace(
    CASE
        WHEN strlen(given)::HUGEINT * (strlen(instead) + 1) > 100000000
            THEN error('replace() makes up to 100000000 bytes here')
        ELSE given
    END,
    wanted,
    instead
);
CREATE MACRO main.regexp_replace(given, pattern, instead) AS system.main.regexp_replace(
    CASE
        WHEN strlen(given)::HUGEINT * (strlen(instead) + 1) > 100000000
            THEN error('regexp_replace() makes up to 100000000 bytes here')
        ELSE given
    END,
    pattern,
    instead
), (given, pattern, instead, options) AS system.main.regexp_replace(
    CASE
        WHEN strlen(given)::HUGEINT * (strlen(instead) + 1) > 100000000
            THEN error('regexp_replace() makes up to 100000000 bytes here')
        ELSE given
    END,
    pattern,
    instead,
    options
);
CREATE MACRO main.levenshtein(one, other) AS system.main.levenshtein(
    CASE
        WHEN strlen(one)::HUGEINT * strlen(other) > 100000000
            THEN error('levenshtein() takes texts of up to 10000 bytes here')
        ELSE one
    END,
    other
);
CREATE MACRO main.editdist3(one, other) AS levenshtein(one, other);
CREATE MACRO main.damerau_levenshtein(one, other) AS system.main.damerau_levenshtein(
    CASE
        WHEN strlen(one)::HUGEINT * strlen(other) > 1000000
            THEN error('damerau_levenshtein() takes texts of up to 1000 bytes here')
        ELSE one
    END,
    other
);
CREATE MACRO main.jaro_similarity(one, other) AS jaro_similarity(one, other, 0.0),
(one, other, cutoff) AS system.main.jaro_similarity(
    CASE
        WHEN strlen(one)::HUGEINT * strlen(other) > 100000000
            THEN error('jaro_similarity() takes texts of up to 10000 bytes here')
        ELSE one
    END,
    other,
    cutoff
);
CREATE MACRO main.jaro_winkler_similarity(one, other) AS jaro_winkler_similarity(one, other, 0.0),
(one, other, cutoff) AS system.main.jaro_winkler_similarity(
    CASE
        WHEN strlen(one)::HUGEINT * strlen(other) > 100000000
            THEN error('jaro_winkler_similarity() takes texts of up to 10000 bytes here')
        ELSE one
    END,
    other,
    cutoff
);
