// Telegraf with what a gNMI collector needs of it and nothing else: inputs.gnmi, outputs.kafka, influx lines.
//
// Agent, plugins and configuration are Telegraf's own. Called as `telegraf CONFIG`; SIGTERM ends it.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/logger"
	_ "github.com/influxdata/telegraf/plugins/inputs/gnmi"
	_ "github.com/influxdata/telegraf/plugins/outputs/kafka"
	_ "github.com/influxdata/telegraf/plugins/serializers/influx"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: telegraf CONFIG")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(path string) error {
	settings := config.NewConfig()
	if err := settings.LoadAll(path); err != nil {
		return err
	}
	if err := logger.SetupLogging(&logger.Config{}); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return agent.NewAgent(settings).Run(ctx)
}
