// Many gNMI targets in one process, which say messages that were made before, at a rate: devices for a load
// test, so cheap that they are not what is measured.
//
// Called as `targets COUNT CERTIFICATE KEY PASSWORD-FILE`. Prints the ports as JSON, then takes commands,
// one a line:
//
//	run FILE MESSAGES SECONDS USER...   say MESSAGES a second, all targets together, to each of the users
//	subscribers                         tell who is there
//
// and answers each with a line of JSON: what was said, by the user who heard it. A FILE holds SubscribeResponses,
// each behind its length in 4 bytes, big end first; all targets say them in turn, each of them from its own place.
// A subscription below an l2rib hears them, one of current-datetime the time each 5 seconds. Each RPC begins with a
// sync_response: there is no dump.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	livenessInterval = 5 * time.Second
	// Shortest sleep between messages of one RPC: what falls due meanwhile is said together.
	rest = time.Millisecond
)

// raw is a message that is encoded already.
type raw []byte

// codec passes raw messages on as they are; all others are protobuf's.
type codec struct{ encoding.Codec }

func (codec) Name() string { return "proto" }

func (codec) Marshal(message any) ([]byte, error) {
	if ready, ok := message.(raw); ok {
		return ready, nil
	}
	return proto.Marshal(message.(proto.Message))
}

func (codec) Unmarshal(data []byte, message any) error {
	return proto.Unmarshal(data, message.(proto.Message))
}

// spell is a time of saying, the same for all targets.
type spell struct {
	messages [][]byte
	every    time.Duration // between two messages of one RPC
	began    time.Time
	lasts    time.Duration
	done     sync.WaitGroup
}

// heard is what one user was told in a spell.
type heard struct {
	Rpcs   int     `json:"rpcs"`   // open now
	Opened int     `json:"opened"` // ever
	Sent   int     `json:"sent"`   // messages of the spell
	Due    int     `json:"due"`    // messages that the rate asked for
	LateS  float64 `json:"late_s"` // longest that a message was said after its time
	Loaded int     `json:"loaded"` // RPCs that hear the load
}

// fleet is all targets.
type fleet struct {
	gnmi.UnimplementedGNMIServer
	password string
	mutex    sync.Mutex
	users    map[string]*heard
	waiting  map[chan *spell]string // RPCs that hear the load, and their users
	place    int
}

func (f *fleet) admit(ctx context.Context) (string, error) {
	said, _ := metadata.FromIncomingContext(ctx)
	user, password := said.Get("username"), said.Get("password")
	if len(user) != 1 || len(password) != 1 || password[0] != f.password {
		return "", status.Error(codes.Unauthenticated, "no login, or a wrong one")
	}
	return user[0], nil
}

func (f *fleet) Capabilities(ctx context.Context, _ *gnmi.CapabilityRequest) (*gnmi.CapabilityResponse, error) {
	if _, err := f.admit(ctx); err != nil {
		return nil, err
	}
	return &gnmi.CapabilityResponse{
		SupportedEncodings: []gnmi.Encoding{gnmi.Encoding_PROTO},
		GNMIVersion:        "0.8.0",
	}, nil
}

func (f *fleet) Subscribe(stream gnmi.GNMI_SubscribeServer) error {
	user, err := f.admit(stream.Context())
	if err != nil {
		return err
	}
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	f.count(user, 1, 1)
	defer f.count(user, -1, 0)
	loaded, alive := wanted(request)
	if err := stream.SendMsg(raw("\x18\x01")); err != nil { // sync_response
		return err
	}
	var liveness <-chan time.Time
	if alive {
		ticker := time.NewTicker(livenessInterval)
		defer ticker.Stop()
		liveness = ticker.C
	}
	spells := make(chan *spell, 1)
	if loaded {
		place := f.join(spells, user)
		defer f.leave(spells)
		return f.serve(stream, user, spells, liveness, place)
	}
	return f.serve(stream, user, spells, liveness, 0)
}

func (f *fleet) serve(
	stream gnmi.GNMI_SubscribeServer, user string, spells <-chan *spell, liveness <-chan time.Time, place int,
) error {
	for {
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case now := <-liveness:
			if err := stream.SendMsg(clock(now)); err != nil {
				return err
			}
		case next := <-spells:
			err := f.say(stream, user, next, liveness, place)
			next.done.Done()
			if err != nil {
				return err
			}
		}
	}
}

// say says the messages of a spell as they fall due; what is late is said as soon as it can be.
func (f *fleet) say(
	stream gnmi.GNMI_SubscribeServer, user string, now *spell, liveness <-chan time.Time, place int,
) error {
	// RPCs take turns: the first of one falls due while another's is said.
	offset := time.Duration(uint64(place) * 2654435761 % uint64(now.every+1))
	ends := now.began.Add(now.lasts)
	all := 0
	if now.lasts > offset {
		all = int((now.lasts - offset) / now.every)
	}
	sent, late := 0, time.Duration(0)
	defer func() { f.tell(user, sent, all, late) }()
	for sent < all {
		due := now.began.Add(offset + time.Duration(sent)*now.every)
		if wait := time.Until(due); wait > 0 {
			time.Sleep(max(wait, rest))
			continue
		} else if late = max(late, -wait); time.Now().After(ends) {
			return nil
		}
		select {
		case at := <-liveness:
			if err := stream.SendMsg(clock(at)); err != nil {
				return err
			}
		default:
		}
		if err := stream.SendMsg(raw(now.messages[(place+sent)%len(now.messages)])); err != nil {
			return err
		}
		sent++
	}
	return nil
}

func (f *fleet) count(user string, open, opened int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.users[user] == nil {
		f.users[user] = &heard{}
	}
	f.users[user].Rpcs += open
	f.users[user].Opened += opened
}

func (f *fleet) tell(user string, sent, due int, late time.Duration) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	told := f.users[user]
	told.Sent += sent
	told.Due += due
	told.LateS = max(told.LateS, late.Seconds())
}

func (f *fleet) join(spells chan *spell, user string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.waiting[spells] = user
	f.users[user].Loaded++
	f.place += 37
	return f.place
}

func (f *fleet) leave(spells chan *spell) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.users[f.waiting[spells]].Loaded--
	delete(f.waiting, spells)
	select { // a spell that began for an RPC that ended
	case left := <-spells:
		left.done.Done()
	default:
	}
}

// run lets the RPCs of users hear a spell and returns when it is over.
func (f *fleet) run(messages [][]byte, rate float64, targets int, lasts time.Duration, users []string) {
	next := &spell{
		messages: messages,
		every:    time.Duration(float64(targets) / rate * float64(time.Second)),
		began:    time.Now(),
		lasts:    lasts,
	}
	f.mutex.Lock()
	for _, told := range f.users {
		told.Sent, told.Due, told.LateS = 0, 0, 0
	}
	for spells, user := range f.waiting {
		if !slices.Contains(users, user) {
			continue
		}
		next.done.Add(1)
		spells <- next
	}
	f.mutex.Unlock()
	next.done.Wait()
	if left := time.Until(next.began.Add(lasts)); left > 0 {
		time.Sleep(left)
	}
}

func (f *fleet) report() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	line, _ := json.Marshal(f.users)
	fmt.Println(string(line))
}

// wanted tells whether a request asks for the load and for the clock.
func wanted(request *gnmi.SubscribeRequest) (loaded, alive bool) {
	for _, one := range request.GetSubscribe().GetSubscription() {
		for _, part := range one.GetPath().GetElem() {
			loaded = loaded || part.GetName() == "l2rib"
			alive = alive || part.GetName() == "current-datetime"
		}
	}
	return loaded, alive
}

// clock returns a sample of the target's clock.
func clock(now time.Time) *gnmi.SubscribeResponse {
	return &gnmi.SubscribeResponse{Response: &gnmi.SubscribeResponse_Update{Update: &gnmi.Notification{
		Timestamp: now.UnixNano(),
		Update: []*gnmi.Update{{
			Path: &gnmi.Path{Elem: []*gnmi.PathElem{{Name: "system"}, {Name: "state"}, {Name: "current-datetime"}}},
			Val:  &gnmi.TypedValue{Value: &gnmi.TypedValue_StringVal{StringVal: now.UTC().Format(time.RFC3339Nano)}},
		}},
	}}}
}

func messagesIn(path string) ([][]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var messages [][]byte
	for len(content) >= 4 {
		size := int(binary.BigEndian.Uint32(content))
		if len(content) < 4+size {
			return nil, errors.New("a message is cut off")
		}
		messages = append(messages, content[4:4+size])
		content = content[4+size:]
	}
	if len(messages) == 0 {
		return nil, errors.New("no messages")
	}
	return messages, nil
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: targets COUNT CERTIFICATE KEY PASSWORD-FILE")
	}
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(count, os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func serve(count int, certificate, key, passwordFile string) error {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	password, err := os.ReadFile(passwordFile)
	if err != nil {
		return err
	}
	all := &fleet{
		password: strings.TrimSpace(string(password)),
		users:    map[string]*heard{},
		waiting:  map[chan *spell]string{},
	}
	ports := make([]int, count)
	for at := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ports[at] = listener.Addr().(*net.TCPAddr).Port
		server := grpc.NewServer(
			grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})),
			grpc.ForceServerCodec(codec{}),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{PermitWithoutStream: true}),
		)
		gnmi.RegisterGNMIServer(server, all)
		go func() { log.Fatal(server.Serve(listener)) }()
	}
	line, _ := json.Marshal(ports)
	fmt.Println(string(line))
	return all.obey(count)
}

// obey takes commands until there are no more.
func (f *fleet) obey(targets int) error {
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		switch {
		case len(words) > 4 && words[0] == "run":
			messages, err := messagesIn(words[1])
			if err != nil {
				return fmt.Errorf("%s: %w", words[1], err)
			}
			rate, err := strconv.ParseFloat(words[2], 64)
			if err != nil {
				return err
			}
			seconds, err := strconv.ParseFloat(words[3], 64)
			if err != nil {
				return err
			}
			f.run(messages, rate, targets, time.Duration(seconds*float64(time.Second)), words[4:])
		case len(words) == 1 && words[0] == "subscribers":
		default:
			return fmt.Errorf("no command: %s", commands.Text())
		}
		f.report()
	}
	return commands.Err()
}
