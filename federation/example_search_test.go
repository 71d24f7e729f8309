package federation_test

import (
	"context"
	"fmt"

	"github.com/stadttor/stadttor/federation"
)

func ExampleSearcher_Search() {
	waste := federation.Member{ID: "abfall", Name: "Abfallwirtschaft", Kind: "utility", URL: "https://abfall.example", Regions: []string{"03399"}}
	water := federation.Member{ID: "wasser", Name: "Wasserverband", Kind: "utility", URL: "https://wasser.example", Regions: []string{"033995401"}}
	s, err := federation.NewSearcher([]federation.Participant{
		{Member: waste, Source: federation.Links{{Title: "Sperrmüll anmelden", Area: "03399", URL: "https://abfall.example/sperrmuell"}}},
		{Member: water, Source: federation.Links{{Title: "Wasser anmelden", Area: "033995401", URL: "https://wasser.example/umzug"}}},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, area := range []string{"033990004004", "033995401002"} {
		answer := s.Search(context.Background(), federation.Query{Text: "anmelden", Area: area})
		fmt.Println(area, "missing:", len(answer.Missing()))
		for _, h := range answer.Hits {
			fmt.Println(" ", h.Title, h.URL)
		}
	}
	// Output:
	// 033990004004 missing: 0
	//   Sperrmüll anmelden https://abfall.example/sperrmuell
	// 033995401002 missing: 0
	//   Wasser anmelden https://wasser.example/umzug
	//   Sperrmüll anmelden https://abfall.example/sperrmuell
}
