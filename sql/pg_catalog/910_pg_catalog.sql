-- The tables of PostgreSQL 15's pg_catalog that clients ask, with its columns (its documentation, chapter 53).
-- Most stay empty: there are no such things here. oid is INTEGER (atttypid UINTEGER: lists of it
-- are then of PostgreSQL's type oid[], which asyncpg needs); name, "char", regproc, aclitem and
-- pg_node_tree are VARCHAR; vectors are lists, but for proargtypes, which drivers read as text. tableoid, which
-- every table of PostgreSQL has, is where clients join by it.
CREATE TABLE main.pg_am (
    oid INTEGER, amname VARCHAR, amhandler VARCHAR, amtype VARCHAR
);
CREATE TABLE main.pg_attrdef (
    oid INTEGER, adrelid INTEGER, adnum SMALLINT, adbin VARCHAR
);
CREATE TABLE main.pg_attribute (
    attrelid INTEGER, attname VARCHAR, atttypid UINTEGER, attstattarget INTEGER, attlen SMALLINT,
    attnum SMALLINT, attndims INTEGER, attcacheoff INTEGER, atttypmod INTEGER, attbyval BOOLEAN,
    attalign VARCHAR, attstorage VARCHAR, attcompression VARCHAR, attnotnull BOOLEAN, atthasdef
    BOOLEAN, atthasmissing BOOLEAN, attidentity VARCHAR, attgenerated VARCHAR, attisdropped BOOLEAN,
    attislocal BOOLEAN, attinhcount INTEGER, attcollation INTEGER, attacl VARCHAR[], attoptions
    VARCHAR[], attfdwoptions VARCHAR[], attmissingval VARCHAR
);
CREATE TABLE main.pg_auth_members (
    roleid INTEGER, member INTEGER, grantor INTEGER, admin_option BOOLEAN
);
CREATE TABLE main.pg_cast (
    oid INTEGER, castsource INTEGER, casttarget INTEGER, castfunc INTEGER, castcontext VARCHAR,
    castmethod VARCHAR
);
CREATE TABLE main.pg_class (
    oid INTEGER, relname VARCHAR, relnamespace INTEGER, reltype INTEGER, reloftype INTEGER, relowner
    INTEGER, relam INTEGER, relfilenode INTEGER, reltablespace INTEGER, relpages INTEGER, reltuples
    FLOAT, relallvisible INTEGER, reltoastrelid INTEGER, relhasindex BOOLEAN, relisshared BOOLEAN,
    relpersistence VARCHAR, relkind VARCHAR, relnatts SMALLINT, relchecks SMALLINT, relhasrules
    BOOLEAN, relhastriggers BOOLEAN, relhassubclass BOOLEAN, relrowsecurity BOOLEAN,
    relforcerowsecurity BOOLEAN, relispopulated BOOLEAN, relreplident VARCHAR, relispartition
    BOOLEAN, relrewrite INTEGER, relfrozenxid INTEGER, relminmxid INTEGER, relacl VARCHAR[],
    reloptions VARCHAR[], relpartbound VARCHAR, tableoid INTEGER
);
CREATE TABLE main.pg_collation (
    oid INTEGER, collname VARCHAR, collnamespace INTEGER, collowner INTEGER, collprovider VARCHAR,
    collisdeterministic BOOLEAN, collencoding INTEGER, collcollate VARCHAR, collctype VARCHAR,
    colliculocale VARCHAR, collversion VARCHAR
);
CREATE TABLE main.pg_constraint (
    oid INTEGER, conname VARCHAR, connamespace INTEGER, contype VARCHAR, condeferrable BOOLEAN,
    condeferred BOOLEAN, convalidated BOOLEAN, conrelid INTEGER, contypid INTEGER, conindid INTEGER,
    conparentid INTEGER, confrelid INTEGER, confupdtype VARCHAR, confdeltype VARCHAR, confmatchtype
    VARCHAR, conislocal BOOLEAN, coninhcount INTEGER, connoinherit BOOLEAN, conkey SMALLINT[],
    confkey SMALLINT[], conpfeqop INTEGER[], conppeqop INTEGER[], conffeqop INTEGER[],
    confdelsetcols SMALLINT[], conexclop INTEGER[], conbin VARCHAR, tableoid INTEGER
);
CREATE TABLE main.pg_conversion (
    oid INTEGER, conname VARCHAR, connamespace INTEGER, conowner INTEGER, conforencoding INTEGER,
    contoencoding INTEGER, conproc VARCHAR, condefault BOOLEAN
);
CREATE TABLE main.pg_database (
    oid INTEGER, datname VARCHAR, datdba INTEGER, encoding INTEGER, datlocprovider VARCHAR,
    datistemplate BOOLEAN, datallowconn BOOLEAN, datconnlimit INTEGER, datfrozenxid INTEGER,
    datminmxid INTEGER, dattablespace INTEGER, datcollate VARCHAR, datctype VARCHAR, daticulocale
    VARCHAR, datcollversion VARCHAR, datacl VARCHAR[], tableoid INTEGER
);
CREATE TABLE main.pg_db_role_setting (
    setdatabase INTEGER, setrole INTEGER, setconfig VARCHAR[]
);
CREATE TABLE main.pg_default_acl (
    oid INTEGER, defaclrole INTEGER, defaclnamespace INTEGER, defaclobjtype VARCHAR, defaclacl
    VARCHAR[]
);
CREATE TABLE main.pg_depend (
    classid INTEGER, objid INTEGER, objsubid INTEGER, refclassid INTEGER, refobjid INTEGER,
    refobjsubid INTEGER, deptype VARCHAR
);
CREATE TABLE main.pg_description (
    objoid INTEGER, classoid INTEGER, objsubid INTEGER, description VARCHAR
);
CREATE TABLE main.pg_enum (
    oid INTEGER, enumtypid INTEGER, enumsortorder FLOAT, enumlabel VARCHAR
);
CREATE TABLE main.pg_event_trigger (
    oid INTEGER, evtname VARCHAR, evtevent VARCHAR, evtowner INTEGER, evtfoid INTEGER, evtenabled
    VARCHAR, evttags VARCHAR[]
);
CREATE TABLE main.pg_extension (
    oid INTEGER, extname VARCHAR, extowner INTEGER, extnamespace INTEGER, extrelocatable BOOLEAN,
    extversion VARCHAR, extconfig INTEGER[], extcondition VARCHAR[], tableoid INTEGER
);
CREATE TABLE main.pg_foreign_data_wrapper (
    oid INTEGER, fdwname VARCHAR, fdwowner INTEGER, fdwhandler INTEGER, fdwvalidator INTEGER, fdwacl
    VARCHAR[], fdwoptions VARCHAR[]
);
CREATE TABLE main.pg_foreign_server (
    oid INTEGER, srvname VARCHAR, srvowner INTEGER, srvfdw INTEGER, srvtype VARCHAR, srvversion
    VARCHAR, srvacl VARCHAR[], srvoptions VARCHAR[]
);
CREATE TABLE main.pg_foreign_table (
    ftrelid INTEGER, ftserver INTEGER, ftoptions VARCHAR[]
);
CREATE TABLE main.pg_index (
    indexrelid INTEGER, indrelid INTEGER, indnatts SMALLINT, indnkeyatts SMALLINT, indisunique
    BOOLEAN, indnullsnotdistinct BOOLEAN, indisprimary BOOLEAN, indisexclusion BOOLEAN, indimmediate
    BOOLEAN, indisclustered BOOLEAN, indisvalid BOOLEAN, indcheckxmin BOOLEAN, indisready BOOLEAN,
    indislive BOOLEAN, indisreplident BOOLEAN, indkey SMALLINT[], indcollation INTEGER[], indclass
    INTEGER[], indoption SMALLINT[], indexprs VARCHAR, indpred VARCHAR
);
CREATE TABLE main.pg_indexes (
    schemaname VARCHAR, tablename VARCHAR, indexname VARCHAR, tablespace VARCHAR, indexdef VARCHAR
);
CREATE TABLE main.pg_inherits (
    inhrelid INTEGER, inhparent INTEGER, inhseqno INTEGER, inhdetachpending BOOLEAN
);
CREATE TABLE main.pg_language (
    oid INTEGER, lanname VARCHAR, lanowner INTEGER, lanispl BOOLEAN, lanpltrusted BOOLEAN,
    lanplcallfoid INTEGER, laninline INTEGER, lanvalidator INTEGER, lanacl VARCHAR[], tableoid
    INTEGER
);
CREATE TABLE main.pg_locks (
    locktype VARCHAR, database INTEGER, relation INTEGER, page INTEGER, tuple SMALLINT, virtualxid
    VARCHAR, transactionid INTEGER, classid INTEGER, objid INTEGER, objsubid SMALLINT,
    virtualtransaction VARCHAR, pid INTEGER, mode VARCHAR, granted BOOLEAN, fastpath BOOLEAN,
    waitstart TIMESTAMPTZ
);
CREATE TABLE main.pg_matviews (
    schemaname VARCHAR, matviewname VARCHAR, matviewowner VARCHAR, tablespace VARCHAR, hasindexes
    BOOLEAN, ispopulated BOOLEAN, definition VARCHAR
);
CREATE TABLE main.pg_namespace (
    oid INTEGER, nspname VARCHAR, nspowner INTEGER, nspacl VARCHAR[], tableoid INTEGER
);
CREATE TABLE main.pg_opclass (
    oid INTEGER, opcmethod INTEGER, opcname VARCHAR, opcnamespace INTEGER, opcowner INTEGER,
    opcfamily INTEGER, opcintype INTEGER, opcdefault BOOLEAN, opckeytype INTEGER
);
CREATE TABLE main.pg_operator (
    oid INTEGER, oprname VARCHAR, oprnamespace INTEGER, oprowner INTEGER, oprkind VARCHAR,
    oprcanmerge BOOLEAN, oprcanhash BOOLEAN, oprleft INTEGER, oprright INTEGER, oprresult INTEGER,
    oprcom INTEGER, oprnegate INTEGER, oprcode VARCHAR, oprrest VARCHAR, oprjoin VARCHAR
);
CREATE TABLE main.pg_opfamily (
    oid INTEGER, opfmethod INTEGER, opfname VARCHAR, opfnamespace INTEGER, opfowner INTEGER
);
CREATE TABLE main.pg_partitioned_table (
    partrelid INTEGER, partstrat VARCHAR, partnatts SMALLINT, partdefid INTEGER, partattrs
    SMALLINT[], partclass INTEGER[], partcollation INTEGER[], partexprs VARCHAR
);
CREATE TABLE main.pg_policy (
    oid INTEGER, polname VARCHAR, polrelid INTEGER, polcmd VARCHAR, polpermissive BOOLEAN, polroles
    INTEGER[], polqual VARCHAR, polwithcheck VARCHAR
);
CREATE TABLE main.pg_proc (
    oid INTEGER, proname VARCHAR, pronamespace INTEGER, proowner INTEGER, prolang INTEGER, procost
    FLOAT, prorows FLOAT, provariadic INTEGER, prosupport VARCHAR, prokind VARCHAR, prosecdef
    BOOLEAN, proleakproof BOOLEAN, proisstrict BOOLEAN, proretset BOOLEAN, provolatile VARCHAR,
    proparallel VARCHAR, pronargs SMALLINT, pronargdefaults SMALLINT, prorettype INTEGER,
    proargtypes VARCHAR, proallargtypes INTEGER[], proargmodes VARCHAR[], proargnames VARCHAR[],
    proargdefaults VARCHAR, protrftypes INTEGER[], prosrc VARCHAR, probin VARCHAR, prosqlbody
    VARCHAR, proconfig VARCHAR[], proacl VARCHAR[], tableoid INTEGER
);
CREATE TABLE main.pg_publication (
    oid INTEGER, pubname VARCHAR, pubowner INTEGER, puballtables BOOLEAN, pubinsert BOOLEAN,
    pubupdate BOOLEAN, pubdelete BOOLEAN, pubtruncate BOOLEAN, pubviaroot BOOLEAN
);
CREATE TABLE main.pg_range (
    rngtypid INTEGER, rngsubtype INTEGER, rngmultitypid INTEGER, rngcollation INTEGER, rngsubopc
    INTEGER, rngcanonical VARCHAR, rngsubdiff VARCHAR
);
CREATE TABLE main.pg_rewrite (
    oid INTEGER, rulename VARCHAR, ev_class INTEGER, ev_type VARCHAR, ev_enabled VARCHAR, is_instead
    BOOLEAN, ev_qual VARCHAR, ev_action VARCHAR, tableoid INTEGER
);
CREATE TABLE main.pg_rules (
    schemaname VARCHAR, tablename VARCHAR, rulename VARCHAR, definition VARCHAR
);
CREATE TABLE main.pg_seclabel (
    objoid INTEGER, classoid INTEGER, objsubid INTEGER, provider VARCHAR, label VARCHAR
);
CREATE TABLE main.pg_sequence (
    seqrelid INTEGER, seqtypid INTEGER, seqstart BIGINT, seqincrement BIGINT, seqmax BIGINT, seqmin
    BIGINT, seqcache BIGINT, seqcycle BOOLEAN
);
CREATE TABLE main.pg_sequences (
    schemaname VARCHAR, sequencename VARCHAR, sequenceowner VARCHAR, data_type VARCHAR, start_value
    BIGINT, min_value BIGINT, max_value BIGINT, increment_by BIGINT, cycle BOOLEAN, cache_size
    BIGINT, last_value BIGINT
);
CREATE TABLE main.pg_settings (
    name VARCHAR, setting VARCHAR, unit VARCHAR, category VARCHAR, short_desc VARCHAR, extra_desc
    VARCHAR, context VARCHAR, vartype VARCHAR, source VARCHAR, min_val VARCHAR, max_val VARCHAR,
    enumvals VARCHAR[], boot_val VARCHAR, reset_val VARCHAR, sourcefile VARCHAR, sourceline INTEGER,
    pending_restart BOOLEAN
);
CREATE TABLE main.pg_shdepend (
    dbid INTEGER, classid INTEGER, objid INTEGER, objsubid INTEGER, refclassid INTEGER, refobjid
    INTEGER, deptype VARCHAR
);
CREATE TABLE main.pg_shdescription (
    objoid INTEGER, classoid INTEGER, description VARCHAR
);
CREATE TABLE main.pg_statistic_ext (
    oid INTEGER, stxrelid INTEGER, stxname VARCHAR, stxnamespace INTEGER, stxowner INTEGER,
    stxstattarget INTEGER, stxkeys SMALLINT[], stxkind VARCHAR[], stxexprs VARCHAR
);
CREATE TABLE main.pg_subscription (
    oid INTEGER, subdbid INTEGER, subskiplsn VARCHAR, subname VARCHAR, subowner INTEGER, subenabled
    BOOLEAN, subbinary BOOLEAN, substream BOOLEAN, subtwophasestate VARCHAR, subdisableonerr
    BOOLEAN, subconninfo VARCHAR, subslotname VARCHAR, subsynccommit VARCHAR, subpublications
    VARCHAR[]
);
CREATE TABLE main.pg_tables (
    schemaname VARCHAR, tablename VARCHAR, tableowner VARCHAR, tablespace VARCHAR, hasindexes
    BOOLEAN, hasrules BOOLEAN, hastriggers BOOLEAN, rowsecurity BOOLEAN
);
CREATE TABLE main.pg_tablespace (
    oid INTEGER, spcname VARCHAR, spcowner INTEGER, spcacl VARCHAR[], spcoptions VARCHAR[]
);
CREATE TABLE main.pg_timezone_names (
    name VARCHAR, abbrev VARCHAR, utc_offset INTERVAL, is_dst BOOLEAN
);
CREATE TABLE main.pg_trigger (
    oid INTEGER, tgrelid INTEGER, tgparentid INTEGER, tgname VARCHAR, tgfoid INTEGER, tgtype
    SMALLINT, tgenabled VARCHAR, tgisinternal BOOLEAN, tgconstrrelid INTEGER, tgconstrindid INTEGER,
    tgconstraint INTEGER, tgdeferrable BOOLEAN, tginitdeferred BOOLEAN, tgnargs SMALLINT, tgattr
    SMALLINT[], tgargs BLOB, tgqual VARCHAR, tgoldtable VARCHAR, tgnewtable VARCHAR, tableoid
    INTEGER
);
CREATE TABLE main.pg_ts_config (
    oid INTEGER, cfgname VARCHAR, cfgnamespace INTEGER, cfgowner INTEGER, cfgparser INTEGER
);
CREATE TABLE main.pg_ts_dict (
    oid INTEGER, dictname VARCHAR, dictnamespace INTEGER, dictowner INTEGER, dicttemplate INTEGER,
    dictinitoption VARCHAR
);
CREATE TABLE main.pg_ts_parser (
    oid INTEGER, prsname VARCHAR, prsnamespace INTEGER, prsstart VARCHAR, prstoken VARCHAR, prsend
    VARCHAR, prsheadline VARCHAR, prslextype VARCHAR
);
CREATE TABLE main.pg_ts_template (
    oid INTEGER, tmplname VARCHAR, tmplnamespace INTEGER, tmplinit VARCHAR, tmpllexize VARCHAR
);
CREATE TABLE main.pg_type (
    oid INTEGER, typname VARCHAR, typnamespace INTEGER, typowner INTEGER, typlen SMALLINT, typbyval
    BOOLEAN, typtype VARCHAR, typcategory VARCHAR, typispreferred BOOLEAN, typisdefined BOOLEAN,
    typdelim VARCHAR, typrelid INTEGER, typsubscript VARCHAR, typelem INTEGER, typarray INTEGER,
    typinput VARCHAR, typoutput VARCHAR, typreceive VARCHAR, typsend VARCHAR, typmodin VARCHAR,
    typmodout VARCHAR, typanalyze VARCHAR, typalign VARCHAR, typstorage VARCHAR, typnotnull BOOLEAN,
    typbasetype INTEGER, typtypmod INTEGER, typndims INTEGER, typcollation INTEGER, typdefaultbin
    VARCHAR, typdefault VARCHAR, typacl VARCHAR[], tableoid INTEGER
);
CREATE TABLE main.pg_user_mappings (
    umid INTEGER, srvid INTEGER, srvname VARCHAR, umuser INTEGER, usename VARCHAR, umoptions
    VARCHAR[]
);
CREATE TABLE main.pg_views (
    schemaname VARCHAR, viewname VARCHAR, viewowner VARCHAR, definition VARCHAR
);
CREATE TABLE main.pg_publication_namespace (
    oid INTEGER, pnpubid INTEGER, pnnspid INTEGER
);
CREATE TABLE main.pg_publication_rel (
    oid INTEGER, prpubid INTEGER, prrelid INTEGER, prqual VARCHAR, prattrs SMALLINT[]
);
