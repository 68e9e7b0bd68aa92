package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/data/look"
)

type dataLookOptions struct {
	path   string
	sheet  string
	target string
	json   bool
}

// newData is the verb whose own verbs look after data.
func newData(s Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "data",
		Short: "Look at data before training on them",
		Long: `Has verbs of its own for data that are yet to be trained on: look examines a
folder of pictures or a table and says what is broken, twice there or rare.`,
		Example: "  limpid data look flowers",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fail(codeUsage, nearest("limpid data ", args[0], []string{"look"}), "there is no verb %q of data", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDataLook(s))
	return c
}

func newDataLook(s Streams) *cobra.Command {
	var o dataLookOptions
	c := &cobra.Command{
		Use:   "look PATH [flags]",
		Short: "Examine a folder of pictures or a table",
		Long: `Examines pictures in folders by class, with masks, or with boxes (COCO, Pascal
VOC, YOLO), divided into train, val and test or not, or a table (*.csv): how
many of each class, sizes and kinds of files, what is broken, pictures that
are there twice, across parts first, and what to do about it. --sheet draws
some pictures of each class, with their boxes or masks.`,
		Example: `  limpid data look flowers --sheet flowers.png
  limpid data look houses.csv --target price
  limpid data look flowers --json | jq '.twins[] | select(.across)'`,
		Args: arguments(1, 1, "the folder or file"),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = args[0]
			return runDataLook(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.sheet, "sheet", "", "draw a contact sheet to this PNG `FILE`")
	c.Flags().StringVar(&o.target, "target", "", "the `COLUMN` of a table that is to be predicted, to count its classes")
	jsonFlag(c, &o.json)
	return c
}

func runDataLook(ctx context.Context, s Streams, o dataLookOptions) error {
	r, err := look.At(ctx, o.path, look.Options{Table: look.TableOptions{Target: o.target}})
	if errors.Is(err, context.Canceled) {
		return because(codeInterrupted, "run it again", err)
	}
	if err != nil {
		return because(codeInput, "limpid data look --help lists what it looks at", err)
	}
	if o.sheet != "" {
		if err := r.WriteSheet(o.sheet); err != nil {
			return because(codeOutput, "choose another file with --sheet", err)
		}
	}
	if o.json {
		return printJSON(s.Out, r)
	}
	_, err = fmt.Fprint(s.Out, r)
	return printed(err)
}
