package main

import (
	"encoding/json"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// contact is what ClickSend gets, under its names.
type contact struct {
	Email        string `json:"email,omitempty"`
	PhoneNumber  string `json:"phone_number,omitempty"`
	FirstName    string `json:"first_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
	Organization string `json:"organization_name,omitempty"`
	City         string `json:"address_city,omitempty"`
	State        string `json:"address_state,omitempty"`
	PostalCode   string `json:"address_postal_code,omitempty"`
	Country      string `json:"address_country,omitempty"`
	Consent      string `json:"custom_1"`
}

// name is all that is decoded of an event that may be a browsing one.
type name struct {
	Type  string `json:"type"`
	Event string `json:"event"`
}

type event struct {
	Traits  traits `json:"traits"`
	Context struct {
		Consent struct {
			Canonical struct {
				Marketing *bool `json:"marketing"`
			} `json:"canonical"`
		} `json:"consent"`
	} `json:"context"`
}

type traits struct {
	Email      string `json:"email"`
	Phone      string `json:"phone"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Company    string `json:"company"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

// decide returns the contact of an enrolment; nil for any other record.
func decide(value []byte) *contact {
	var named name
	if json.Unmarshal(value, &named) != nil || !enrols(named) {
		return nil
	}
	var event event
	if json.Unmarshal(value, &event) != nil {
		return nil
	}
	found := event.Traits
	country := strings.ToUpper(strings.TrimSpace(found.Country))
	contact := &contact{
		Email:        strings.ToLower(strings.TrimSpace(found.Email)),
		PhoneNumber:  phone(found.Phone, country),
		FirstName:    strings.TrimSpace(found.FirstName),
		LastName:     strings.TrimSpace(found.LastName),
		Organization: strings.TrimSpace(found.Company),
		City:         strings.TrimSpace(found.City),
		State:        strings.TrimSpace(found.State),
		PostalCode:   strings.TrimSpace(found.PostalCode),
		Country:      country,
		Consent:      consent(event.Context.Consent.Canonical.Marketing),
	}
	if contact.Email == "" && contact.PhoneNumber == "" {
		return nil
	}
	return contact
}

func enrols(named name) bool {
	return named.Type == "identify" || named.Type == "track" && named.Event == "Signed Up"
}

func phone(raw, region string) string {
	if raw == "" {
		return ""
	}
	number, err := phonenumbers.Parse(raw, region)
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return ""
	}
	return phonenumbers.Format(number, phonenumbers.E164)
}

func consent(marketing *bool) string {
	switch {
	case marketing == nil:
		return "marketing_unknown"
	case *marketing:
		return "marketing_opt_in"
	}
	return "marketing_opt_out"
}

func (c *contact) payload() []byte {
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings only
	}
	return payload
}
