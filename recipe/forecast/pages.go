package forecast

import (
	"context"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
)

func (l *lesson) story() string { return "" }

func (l *lesson) pages(context.Context, *recipe.Measured) ([]report.Section, error) { return nil, nil }
func (l *lesson) answer(context.Context, *recipe.Question) (*recipe.Answer, error)  { return nil, nil }
