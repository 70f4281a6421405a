using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Halo.Gateway;

/// <summary>An answer that was read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public static async Task<Answer> OfAsync(HttpResponseMessage response) =>
        new(response.StatusCode, response.Headers, await response.Content.ReadAsStringAsync());

    /// <summary>Checks that this is an error of OpenAI's form, and which.</summary>
    public string AssertError(HttpStatusCode status, string? param, string? code)
    {
        Assert.True(status == Status, $"expected {status}, found {Status}: {Text}");
        JsonElement error = Json.GetProperty("error");
        Assert.Equal(["code", "message", "param", "type"], error.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal(code, error.GetProperty("code").GetString());
        string message = error.GetProperty("message").GetString()!;
        Assert.NotEmpty(message);
        Assert.DoesNotContain(" at Halo.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        return message;
    }
}
