-- Groups of an IPv6 address without the first run of zero groups that reads `zeros`, colons included.
CREATE OR REPLACE MACRO main.zeros_removed(groups, zeros) AS
ltrim(groups[:strpos(groups, zeros) - 1], ':') || '::' || rtrim(groups[strpos(groups, zeros) + length(zeros):], ':');
