//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
)

var exportCommand = &command{
	name: "export", args: "ID [--format txt|json]", short: "print a document in another format",
	long: `Prints the document: txt is what a reader sees, json is everything it is made of.
What this device wrote too late, after its role had ended, stands at the end:
others do not see it.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		format := fs.String("format", "txt", "`format`: txt or json")
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			return export(ctx, e, c, d, *format)
		})
	},
}

// export prints a document and ends with a new line.
func export(ctx context.Context, e *env, c caller, d api.Document, format string) error {
	var answer struct {
		Content string
		Late    struct{ Count int }
	}
	if err := c.Call(ctx, "documents.export", map[string]string{"id": d.ID, "format": format}, &answer); err != nil {
		return err
	}
	content := answer.Content
	if content != "" && !strings.HasSuffix(content, "\n") {
		content += "\n"
	}
	if _, err := io.WriteString(e.stdout, content); err != nil {
		return err
	}
	if n := answer.Late.Count; n > 0 {
		fmt.Fprintf(e.stderr, "At its end: %s of this device that others do not see, unless an owner accepts them.\n", counted(n, "edit"))
	}
	if others := d.Aside - answer.Late.Count; others > 0 {
		fmt.Fprintf(e.stderr, "Not in it: %s set aside. \"sheaf aside\" prints what they say.\n", counted(others, "edit"))
	}
	return nil
}
