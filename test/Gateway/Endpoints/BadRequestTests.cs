using System.Diagnostics;
using System.Net;
using System.Text;

namespace Halo.Gateway.Endpoints;

[Collection(GatewayTests.Name)]
public sealed class BadRequestTests(GatewayFixture fixture)
{
    private readonly TestGateway _gateway = fixture.Gateway;

    [Theory]
    [InlineData("""{"prompt":"x","max_tokens":"ten"}""", "max_tokens")]
    [InlineData("""{"prompt":"x","max_tokens":1.5}""", "max_tokens")]
    [InlineData("""{"prompt":"x","max_tokens":99999999999}""", "max_tokens")]
    [InlineData("""{"prompt":"x","max_tokens":true}""", "max_tokens")]
    [InlineData("""{"prompt":"x","temperature":"NaN"}""", "temperature")]
    [InlineData("""{"prompt":"x","temperature":"Infinity"}""", "temperature")]
    [InlineData("""{"prompt":"x","temperature":[1]}""", "temperature")]
    [InlineData("""{"prompt":"x","top_p":"all"}""", "top_p")]
    [InlineData("""{"prompt":"x","top_k":0.5}""", "top_k")]
    [InlineData("""{"prompt":"x","n":"2"}""", "n")]
    [InlineData("""{"prompt":"x","seed":"lucky"}""", "seed")]
    [InlineData("""{"prompt":"x","seed":1.5}""", "seed")]
    [InlineData("""{"prompt":"x","logprobs":true}""", "logprobs")]
    [InlineData("""{"prompt":"x","echo":"yes"}""", "echo")]
    [InlineData("""{"prompt":"x","stream":1}""", "stream")]
    [InlineData("""{"prompt":"x","stream_options":true}""", "stream_options")]
    [InlineData("""{"prompt":"x","stream_options":{"include_usage":1}}""", "stream_options.include_usage")]
    [InlineData("""{"prompt":"x","stop":5}""", "stop")]
    [InlineData("""{"prompt":"x","stop":["a",5]}""", "stop")]
    [InlineData("""{"prompt":"x","stop":{}}""", "stop")]
    [InlineData("""{"prompt":"x","model":7}""", "model")]
    [InlineData("""{"prompt":"x","logit_bias":[1]}""", "logit_bias")]
    [InlineData("""{"prompt":"x","speculate":"fast"}""", "speculate")]
    [InlineData("""{"prompt":"x","speculate":65}""", "speculate")]
    [InlineData("""{"prompt":"x","speculate":-1}""", "speculate")]
    [InlineData("""{"prompt":"x","speculate":true}""", "speculate")]
    [InlineData("""{"prompt":5}""", "prompt")]
    [InlineData("""{"prompt":{"text":"x"}}""", "prompt")]
    [InlineData("""{"prompt":["x",1]}""", "prompt")]
    [InlineData("""{"prompt":[1,"x"]}""", "prompt")]
    [InlineData("""{"prompt":[[1],"x"]}""", "prompt")]
    [InlineData("""{"prompt":[[1],2]}""", "prompt")]
    [InlineData("""{"prompt":[1.5]}""", "prompt")]
    [InlineData("""{"prompt":[[["x"]]]}""", "prompt")]
    [InlineData("""{"prompt":[null]}""", "prompt")]
    [InlineData("""{"prompt":"\ud800"}""", "prompt")]
    public async Task Post_WrongType_NamesTheField(string body, string param)
    {
        string message = (await _gateway.PostAsync(body)).AssertError(HttpStatusCode.BadRequest, param, "invalid_type");
        Assert.StartsWith($"{param} must be ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt":"x","max_tokens":-1}""", "max_tokens", "-1")]
    [InlineData("""{"prompt":"x","temperature":-0.1}""", "temperature", "-0.1")]
    [InlineData("""{"prompt":"x","temperature":2.1}""", "temperature", "2.1")]
    [InlineData("""{"prompt":"x","temperature":1e400}""", "temperature", "0 to 2")]
    [InlineData("""{"prompt":"x","top_p":-1}""", "top_p", "0 to 1")]
    [InlineData("""{"prompt":"x","top_p":1.01}""", "top_p", "1.01")]
    [InlineData("""{"prompt":"x","top_k":-2}""", "top_k", "-2")]
    [InlineData("""{"prompt":"x","min_p":2}""", "min_p", "0 to 1")]
    [InlineData("""{"prompt":"x","repetition_penalty":0}""", "repetition_penalty", "0.01 to 100")]
    [InlineData("""{"prompt":"x","repeat_penalty":-3}""", "repeat_penalty", "-3")]
    [InlineData("""{"prompt":"x","frequency_penalty":3}""", "frequency_penalty", "-2 to 2")]
    [InlineData("""{"prompt":"x","presence_penalty":-2.5}""", "presence_penalty", "-2 to 2")]
    [InlineData("""{"prompt":"x","n":0}""", "n", "1 to 16")]
    [InlineData("""{"prompt":"x","n":17}""", "n", "17")]
    [InlineData("""{"prompt":"x","logprobs":21}""", "logprobs", "0 to 20")]
    [InlineData("""{"prompt":"x","logprobs":-1}""", "logprobs", "-1")]
    [InlineData("""{"prompt":"x","stop":["a","b","c","d","e"]}""", "stop", "5")]
    [InlineData("""{"prompt":"x","stop":""}""", "stop", "empty")]
    [InlineData("""{"prompt":[]}""", "prompt", "empty")]
    [InlineData("""{"prompt":[[1],[]]}""", "prompt", "empty")]
    [InlineData("""{"prompt":null}""", "prompt", "missing")]
    [InlineData("""{}""", "prompt", "missing")]
    [InlineData("""{"prompt":[-1]}""", "prompt", "-1")]
    [InlineData("""{"prompt":[[1],[100000000]]}""", "prompt", "100000000")]
    [InlineData("""{"prompt":["a","a","a","a","a","a","a","a","a"],"n":16}""", "prompt", "128")]
    public async Task Post_ValueOutOfRange_TellsFoundAndNeeded(string body, string param, string part) =>
        Assert.Contains(part, (await _gateway.PostAsync(body)).AssertError(HttpStatusCode.BadRequest, param, null), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"prompt":"x","best_of":3}""", "best_of")]
    [InlineData("""{"prompt":"x","n":2,"best_of":1}""", "best_of")]
    [InlineData("""{"prompt":"x","suffix":"y"}""", "suffix")]
    [InlineData("""{"prompt":"x","logit_bias":{"50256":-100}}""", "logit_bias")]
    public async Task Post_Unsupported_IsRefused(string body, string param) =>
        (await _gateway.PostAsync(body)).AssertError(HttpStatusCode.BadRequest, param, "unsupported");

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("""{"prompt":"x","max_tokens":}""")]
    [InlineData("""{"prompt":"x","temperature":NaN}""")]
    [InlineData("""{"prompt":"x"} trailing""")]
    [InlineData("""{"prompt":"x",}""")]
    [InlineData("""{"prompt":["x" """)]
    [InlineData("""{"stop":["x" """)]
    [InlineData("""{"prompt":"\u12"}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("prompt=x")]
    public async Task Post_MalformedJson_IsRefused(string body) =>
        (await _gateway.PostAsync(body)).AssertError(HttpStatusCode.BadRequest, null, "invalid_json");

    [Fact]
    public async Task Post_DeeplyNestedJson_IsRefused() =>
        (await _gateway.PostAsync("{\"x\":" + new string('[', 100_000))).AssertError(HttpStatusCode.BadRequest, null, "invalid_json");

    [Fact]
    public async Task Post_InvalidUtf8_IsRefused()
    {
        byte[] body = [.. "{\"prompt\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        string message = (await _gateway.PostAsync(body, "application/json")).AssertError(HttpStatusCode.BadRequest, null, "invalid_json");
        Assert.Contains("UTF-8", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task Post_OtherContentType_IsRefused(string? contentType) =>
        (await _gateway.PostAsync("""{"prompt":"x"}"""u8.ToArray(), contentType)).AssertError(HttpStatusCode.UnsupportedMediaType, null, "unsupported_media_type");

    [Fact]
    public async Task Post_UnknownModel_ListsThoseThereAre()
    {
        string message = (await _gateway.PostAsync("""{"model":"gpt-9","prompt":"x"}""")).AssertError(HttpStatusCode.NotFound, "model", "model_not_found");
        Assert.Contains("halo-tales", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_PromptLongerThanTheContext_TellsBothNumbers()
    {
        string body = $$"""{"prompt":"{{string.Concat(Enumerable.Repeat("Once upon a time there was a bird. ", 80))}}"}""";
        string message = (await _gateway.PostAsync(body)).AssertError(HttpStatusCode.BadRequest, "prompt", "context_length_exceeded");
        Assert.Matches("prompt has [0-9]+ tokens.* 512 tokens", message);
    }

    [Theory]
    [InlineData(512, 1, true)]
    [InlineData(511, 1, false)]
    [InlineData(512, 0, false)]
    [InlineData(513, 0, true)]
    public async Task Post_TokensAroundTheContext_AreRefusedFromTheFirstThatDoesNotFit(int count, int maxTokens, bool refused)
    {
        Answer answer = await _gateway.PostAsync($$"""{"prompt":[{{string.Join(",", Enumerable.Repeat(300, count))}}],"max_tokens":{{maxTokens}}}""");
        if (refused)
        {
            answer.AssertError(HttpStatusCode.BadRequest, "prompt", "context_length_exceeded");
        }
        else
        {
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        }
    }

    [Fact]
    public async Task Post_TenMegabytePrompt_IsRefusedQuicklyWhileOthersAreServed()
    {
        string body = $$"""{"prompt":"{{new string('a', 10_000_000)}}"}""";
        Stopwatch watch = Stopwatch.StartNew();
        Task<Answer[]> large = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _gateway.PostAsync(body)));
        await _gateway.CompleteAsync(new { prompt = "Once", max_tokens = 2 });
        foreach (Answer answer in await large)
        {
            answer.AssertError(HttpStatusCode.BadRequest, "prompt", "context_length_exceeded");
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"eight such prompts took {watch.Elapsed}");
    }

    [Fact]
    public async Task Post_BodyOverTheLimit_IsTooLarge()
    {
        byte[] body = Encoding.UTF8.GetBytes($$"""{"prompt":"{{new string('a', 17 * 1024 * 1024)}}"}""");
        (await _gateway.PostAsync(body, "application/json")).AssertError(HttpStatusCode.RequestEntityTooLarge, null, "body_too_large");
    }

    [Theory]
    [InlineData("GET", "/nowhere", HttpStatusCode.NotFound, "not_found")]
    [InlineData("POST", "/v1/nowhere", HttpStatusCode.NotFound, "not_found")]
    [InlineData("GET", "/v1/completions", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("DELETE", "/v1/models", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    public async Task Send_WrongRoute_HasAnErrorOfTheSameForm(string method, string path, HttpStatusCode status, string code)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        using HttpResponseMessage response = await _gateway.Client.SendAsync(request);
        (await Answer.OfAsync(response)).AssertError(status, null, code);
    }
}
