// Command clients asks a server through pgx v5 and lib/pq and prints what they say, as JSON.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
)

// A result is what one statement answered, or the error that it, or all of them, ended with.
type result struct {
	Tag     string   `json:"tag"`
	Columns []string `json:"columns"`
	OIDs    []uint32 `json:"oids"`
	Rows    [][]any  `json:"rows"`
	Error   *failure `json:"error,omitempty"`
}

type failure struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	Position int32  `json:"position"`
	Hint     string `json:"hint"`
}

func failed(err error) *failure {
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return &failure{pg.Code, pg.Message, pg.Position, pg.Hint}
	}
	var old *pq.Error
	if errors.As(err, &old) {
		return &failure{string(old.Code), old.Message, 0, old.Hint}
	}
	return &failure{"", err.Error(), 0, ""}
}

// simple is Grafana's way: the simple protocol, several statements, text results.
func simple(ctx context.Context, dsn, query string) []result {
	connection, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return []result{{Error: failed(err)}}
	}
	defer connection.Close(ctx)
	found := []result{}
	reader := connection.Exec(ctx, query)
	for reader.NextResult() {
		rows := reader.ResultReader()
		one := result{Rows: [][]any{}}
		for _, field := range rows.FieldDescriptions() {
			one.Columns = append(one.Columns, field.Name)
			one.OIDs = append(one.OIDs, field.DataTypeOID)
		}
		for rows.NextRow() {
			row := []any{}
			for _, value := range rows.Values() {
				if value == nil {
					row = append(row, nil)
				} else {
					row = append(row, string(value))
				}
			}
			one.Rows = append(one.Rows, row)
		}
		tag, err := rows.Close()
		one.Tag, one.Error = tag.String(), failed(err)
		found = append(found, one)
	}
	if err := reader.Close(); err != nil {
		found = append(found, result{Error: failed(err)})
	}
	return found
}

// extended is pgx as most programs use it: prepared statements, binary parameters and results.
func extended(ctx context.Context, dsn, query string, arguments []any) []result {
	connection, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return []result{{Error: failed(err)}}
	}
	defer connection.Close(ctx)
	rows, err := connection.Query(ctx, query, arguments...)
	if err != nil {
		return []result{{Error: failed(err)}}
	}
	one := result{Rows: [][]any{}}
	for _, field := range rows.FieldDescriptions() {
		one.Columns = append(one.Columns, field.Name)
		one.OIDs = append(one.OIDs, field.DataTypeOID)
	}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return []result{{Error: failed(err)}}
		}
		one.Rows = append(one.Rows, shown(values))
	}
	one.Tag, one.Error = rows.CommandTag().String(), failed(rows.Err())
	return []result{one}
}

// libpq is lib/pq behind database/sql, as older Grafana used it.
func libpq(ctx context.Context, dsn, query string, arguments []any) []result {
	pool, err := sql.Open("postgres", dsn)
	if err != nil {
		return []result{{Error: failed(err)}}
	}
	defer pool.Close()
	rows, err := pool.QueryContext(ctx, query, arguments...)
	if err != nil {
		return []result{{Error: failed(err)}}
	}
	defer rows.Close()
	columns, err := rows.Columns()
	one := result{Columns: columns, Rows: [][]any{}, Error: failed(err)}
	for rows.Next() {
		values := make([]any, len(columns))
		places := make([]any, len(columns))
		for place := range values {
			places[place] = &values[place]
		}
		if err := rows.Scan(places...); err != nil {
			return []result{{Error: failed(err)}}
		}
		one.Rows = append(one.Rows, shown(values))
	}
	one.Error = failed(rows.Err())
	return []result{one}
}

// canceled asks something long and gives up after a while; the connection must be good for more.
func canceled(ctx context.Context, dsn, query string) []result {
	connection, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return []result{{Error: failed(err)}}
	}
	defer connection.Close(ctx)
	timer := time.AfterFunc(500*time.Millisecond, func() { _ = connection.PgConn().CancelRequest(ctx) })
	defer timer.Stop()
	_, err = connection.Exec(ctx, query)
	first := result{Error: failed(err)}
	var one int
	err = connection.QueryRow(ctx, "select 1").Scan(&one)
	return []result{first, {Rows: [][]any{{one}}, Error: failed(err)}}
}

func shown(values []any) []any {
	row := []any{}
	for _, value := range values {
		switch typed := value.(type) {
		case nil:
			row = append(row, nil)
		case []byte:
			row = append(row, string(typed))
		case time.Time:
			row = append(row, typed.UTC().Format(time.RFC3339Nano))
		case [16]uint8:
			row = append(row, fmt.Sprintf("%x", typed))
		case bool, string, int16, int32, int64, float32, float64:
			row = append(row, fmt.Sprintf("%v", typed))
		default:
			text, err := json.Marshal(typed)
			if err != nil {
				text = []byte(fmt.Sprintf("%v", typed))
			}
			row = append(row, string(text))
		}
	}
	return row
}

func main() {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	var asked []struct {
		Way       string `json:"way"`
		Query     string `json:"query"`
		Arguments []any  `json:"arguments"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	dsn := strings.Join(os.Args[1:], " ")
	answers := [][]result{}
	for _, one := range asked {
		switch one.Way {
		case "simple":
			answers = append(answers, simple(ctx, dsn, one.Query))
		case "extended":
			answers = append(answers, extended(ctx, dsn, one.Query, one.Arguments))
		case "libpq":
			answers = append(answers, libpq(ctx, dsn, one.Query, one.Arguments))
		case "cancel":
			answers = append(answers, canceled(ctx, dsn, one.Query))
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
