package xzufi_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/stadttor/stadttor/xzufi"
)

const delivery = `<?xml version="1.0" encoding="UTF-8"?>
<xzufi:transfer.operation.040501 xmlns:xzufi="http://xoev.de/schemata/xzufi/2_2_0" xzufiVersion="2.2">
  <xzufi:schreibe><xzufi:leistung>
    <xzufi:id schemeAgencyID="L1">L1.LB.7</xzufi:id>
    <xzufi:modulText>
      <xzufi:inhalt languageCode="de">Hund anmelden</xzufi:inhalt>
      <xzufi:leikaTextmodul><code>03</code></xzufi:leikaTextmodul>
    </xzufi:modulText>
    <xzufi:modulBegriffImKontext><xzufi:begriffImKontext>
      <xzufi:begriff languageCode="de">Hundesteuer</xzufi:begriff>
    </xzufi:begriffImKontext></xzufi:modulBegriffImKontext>
  </xzufi:leistung></xzufi:schreibe>
  <xzufi:schreibe><xzufi:organisationseinheit>
    <xzufi:id schemeAgencyID="L1">L1.OE.3</xzufi:id>
    <xzufi:name><xzufi:name languageCode="de">Steueramt der Samtgemeinde</xzufi:name></xzufi:name>
    <xzufi:zustaendigkeit>
      <xzufi:leistungID schemeAgencyID="L1">L1.LB.7</xzufi:leistungID>
      <xzufi:gebietID>039995401000</xzufi:gebietID>
      <xzufi:rolle><code>01</code></xzufi:rolle>
    </xzufi:zustaendigkeit>
  </xzufi:organisationseinheit></xzufi:schreibe>
</xzufi:transfer.operation.040501>`

func example() *xzufi.Catalogue {
	ctx := context.Background()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	err := c.SetAreas(ctx, []xzufi.Area{
		{Key: "03", Name: "Niedersachsen", Kind: "Land"},
		{Key: "039995401", Name: "Altenwehr", Kind: "Samtgemeinde"},
		{Key: "039995401001", Name: "Altenwehr", Kind: "Gemeinde", Postcodes: []string{"27898"}},
		{Key: "039995401002", Name: "Grünhude", Kind: "Gemeinde", Postcodes: []string{"27898"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Import(ctx, "land", xzufi.File{Name: "delivery.xml", Reader: strings.NewReader(delivery)}); err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleCatalogue_Import() {
	c := xzufi.New(xzufi.NewMemStore(), nil)
	for range 2 {
		rep, err := c.Import(context.Background(), "land", xzufi.File{Name: "delivery.xml", Reader: strings.NewReader(delivery)})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("new %d, unchanged %d, published %v\n", rep.New, rep.Unchanged, rep.Published)
	}
	// Output:
	// new 2, unchanged 0, published true
	// new 0, unchanged 2, published false
}

func ExampleCatalogue_Search() {
	c := example()
	for _, text := range []string{"hundesteur", "Hundeanmeldung", "hunt"} {
		res, err := c.Search(context.Background(), xzufi.Query{Text: text})
		if err != nil {
			log.Fatal(err)
		}
		for _, h := range res.Hits {
			fmt.Printf("%s: %s (%s)\n", text, h.Title, h.ID.Value)
		}
	}
	// Output:
	// hundesteur: Hund anmelden (L1.LB.7)
	// Hundeanmeldung: Hund anmelden (L1.LB.7)
	// hunt: Hund anmelden (L1.LB.7)
}

func ExampleCatalogue_Places() {
	places, err := example().Places(context.Background(), "27898")
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range places {
		fmt.Println(p.Key, p.Kind, p.Name)
	}
	// Output:
	// 039995401001 Gemeinde Altenwehr
	// 039995401002 Gemeinde Grünhude
}

func ExampleCatalogue_Responsible() {
	who, err := example().Responsible(context.Background(), xzufi.ID{Agency: "L1", Value: "L1.LB.7"}, "039995401002")
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range who.Offices {
		fmt.Printf("%s, by an entry for %s (%s), inherited: %v\n", o.Office.Name.For("de"), o.EntryArea, o.Level, o.Inherited)
	}
	// Output:
	// Steueramt der Samtgemeinde, by an entry for 039995401 (samtgemeinde), inherited: true
}

func ExampleReader() {
	r := xzufi.NewReader(strings.NewReader(delivery), nil)
	for {
		op, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(op.Line, op.Class, op.ID)
	}
	fmt.Println("version", r.Header().Version)
	// Output:
	// 3 Leistung L1//L1.LB.7
	// 13 Organisationseinheit L1//L1.OE.3
	// version 2.2
}
