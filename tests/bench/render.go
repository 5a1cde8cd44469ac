// Command render fills a template with values as template engines for configuration do, and says how long it takes.
//
// Usage: render TEMPLATE VALUES ROUNDS. It prints the median seconds of processor time of parsing and filling,
// then what was filled.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"syscall"
	"text/template"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fail("usage: render TEMPLATE VALUES ROUNDS")
	}
	source, err := os.ReadFile(os.Args[1])
	check(err)
	data, err := os.ReadFile(os.Args[2])
	check(err)
	rounds, err := strconv.Atoi(os.Args[3])
	check(err)

	var filled bytes.Buffer
	times := make([]float64, rounds)
	for i := range times {
		begin := processorTime()
		filled.Reset()
		render(string(source), data, &filled)
		times[i] = (processorTime() - begin).Seconds()
	}
	sort.Float64s(times)
	fmt.Printf("%g\n", times[rounds/2])
	_, err = os.Stdout.Write(filled.Bytes())
	check(err)
}

func render(source string, data []byte, filled *bytes.Buffer) {
	var values map[string][]string
	check(json.Unmarshal(data, &values))
	parsed, err := template.New("").Option("missingkey=error").Parse(source)
	check(err)
	check(parsed.Execute(filled, values))
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
