import java.sql.*;
import java.util.*;

/** Asks a server through JDBC, one thing after the other, and prints a line for each: name, tab, what came. */
public class Client {
    interface Step { Object run(Connection connection) throws Exception; }

    static Connection connection;

    static void step(String name, Step step) {
        String said;
        try {
            said = String.valueOf(step.run(connection));
        } catch (SQLException error) {
            said = "SQLException " + error.getSQLState() + " " + error.getMessage().replace('\n', ' ');
        } catch (Exception error) {
            said = error.toString();
        }
        System.out.println(name + "\t" + said);
    }

    static List<List<String>> rows(ResultSet result, String... columns) throws SQLException {
        List<List<String>> found = new ArrayList<>();
        while (result.next()) {
            List<String> row = new ArrayList<>();
            if (columns.length == 0)
                for (int place = 1; place <= result.getMetaData().getColumnCount(); place++) row.add(result.getString(place));
            for (String column : columns) row.add(result.getString(column));
            found.add(row);
        }
        return found;
    }

    public static void main(String[] arguments) throws Exception {
        String typed = arguments[3], endless = arguments[4];
        connection = DriverManager.getConnection(arguments[0], arguments[1], arguments[2]);
        step("types", c -> {
            ResultSet result = c.createStatement().executeQuery(typed);
            ResultSetMetaData of = result.getMetaData();
            List<String> found = new ArrayList<>();
            for (int place = 1; place <= of.getColumnCount(); place++) found.add(of.getColumnName(place) + " " + of.getColumnTypeName(place));
            return found;
        });
        step("text", c -> rows(c.createStatement().executeQuery(typed)));
        step("binary", c -> {
            PreparedStatement prepared = c.prepareStatement("select * from (" + typed + ") where id >= ? order by id");
            prepared.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(-1);
            prepared.setInt(1, 0);
            return rows(prepared.executeQuery());
        });
        step("objects", c -> {
            ResultSet result = c.createStatement().executeQuery("select b, i4, i8, n, f8, d, ts, tz, u, ints from (" + typed + ") where id = 1");
            result.next();
            return List.of(result.getBoolean(1), result.getInt(2), result.getLong(3), result.getBigDecimal(4), result.getDouble(5),
                result.getObject(6, java.time.LocalDate.class), result.getObject(7, java.time.LocalDateTime.class),
                result.getObject(8, java.time.OffsetDateTime.class).toInstant(), result.getObject(9), Arrays.toString((Object[]) result.getArray(10).getArray()));
        });
        step("parameters", c -> {
            PreparedStatement prepared = c.prepareStatement("select ?::text, ?::bigint, ?::double, ?::boolean, ?::timestamptz > '2020-01-01'::timestamptz, ?::numeric(9,2), ?::text");
            prepared.setString(1, "it's"); prepared.setLong(2, Long.MAX_VALUE); prepared.setDouble(3, 1.5); prepared.setBoolean(4, true);
            prepared.setTimestamp(5, Timestamp.valueOf("2026-01-02 03:04:05")); prepared.setBigDecimal(6, new java.math.BigDecimal("1.50")); prepared.setNull(7, Types.VARCHAR);
            return rows(prepared.executeQuery());
        });
        step("many times", c -> {
            PreparedStatement prepared = c.prepareStatement("select range from range(3) where range = ?");
            List<Object> found = new ArrayList<>();
            for (int round = 0; round < 8; round++) { prepared.setInt(1, 1); found.add(rows(prepared.executeQuery()).size()); }
            return found;
        });
        step("fetch size", c -> {
            c.setAutoCommit(false);
            Statement statement = c.createStatement();
            statement.setFetchSize(100);
            ResultSet result = statement.executeQuery("select range from range(1050)");
            int found = 0;
            while (result.next()) found++;
            c.commit(); c.setAutoCommit(true);
            return found;
        });
        step("error", c -> c.createStatement().executeQuery("select nope from incident"));
        step("syntax error", c -> {
            try { c.createStatement().executeQuery("select 1 +"); return "none"; }
            catch (org.postgresql.util.PSQLException error) { return error.getSQLState() + " " + error.getServerErrorMessage().getPosition(); }
        });
        step("after the error", c -> rows(c.createStatement().executeQuery("select 1")));
        step("write", c -> c.createStatement().execute("create table x (a int)"));
        step("multiple", c -> {
            Statement statement = c.createStatement();
            List<Object> found = new ArrayList<>();
            boolean more = statement.execute("select 1; select 2");
            while (more) { found.addAll(rows(statement.getResultSet())); more = statement.getMoreResults(); }
            return found;
        });
        step("read only", c -> { c.setReadOnly(true); Object found = rows(c.createStatement().executeQuery("select 1")); c.setReadOnly(false); return found; });
        step("isolation", c -> c.getTransactionIsolation() == Connection.TRANSACTION_READ_COMMITTED);
        step("valid", c -> c.isValid(5));
        step("schema", c -> c.getSchema() + " " + c.getCatalog());
        step("timeout", c -> {
            Statement statement = c.createStatement();
            statement.setQueryTimeout(1);
            try { statement.executeQuery(endless); return "none"; }
            catch (SQLException error) { return error.getSQLState(); }
        });
        DatabaseMetaData of = connection.getMetaData();
        step("product", c -> of.getDatabaseProductName() + " " + of.getDatabaseMajorVersion());
        step("schemas", c -> rows(of.getSchemas(), "TABLE_SCHEM"));
        step("catalogs", c -> rows(of.getCatalogs(), "TABLE_CAT"));
        step("table types", c -> rows(of.getTableTypes()).size() > 3);
        step("tables", c -> rows(of.getTables(null, "main", "incident", new String[] {"VIEW"}), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS"));
        step("columns", c -> rows(of.getColumns(null, "main", "incident", "%"), "COLUMN_NAME", "TYPE_NAME").subList(0, 6));
        step("primary keys", c -> rows(of.getPrimaryKeys(null, "main", "incident")));
        step("imported keys", c -> rows(of.getImportedKeys(null, "main", "incident")));
        step("indexes", c -> rows(of.getIndexInfo(null, "main", "incident", false, true)));
        step("functions", c -> rows(of.getFunctions(null, "main", "mac_text"), "FUNCTION_NAME"));
        step("procedures", c -> rows(of.getProcedures(null, "main", "%")));
        step("function columns", c -> rows(of.getFunctionColumns(null, "main", "mac_text", "%"), "COLUMN_NAME").size());
        step("type info", c -> rows(of.getTypeInfo(), "TYPE_NAME").size() > 10);
        step("privileges", c -> rows(of.getTablePrivileges(null, "main", "incident")).size() > 0);
        step("best row", c -> rows(of.getBestRowIdentifier(null, "main", "incident", 0, true)));
        step("functions of strings", c -> of.getStringFunctions().length() > 0);
        step("longest name", c -> of.getMaxColumnNameLength());
        connection.close();
    }
}
