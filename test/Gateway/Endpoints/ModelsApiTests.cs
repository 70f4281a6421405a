using System.Net;
using System.Text.Json;

namespace Halo.Gateway.Endpoints;

[Collection(GatewayTests.Name)]
public sealed class ModelsApiTests(GatewayFixture fixture)
{
    [Fact]
    public async Task Get_All_ListsTheBundledModel()
    {
        JsonElement list = (await GetAsync("/v1/models")).Json;

        Assert.Equal("list", list.GetProperty("object").GetString());
        AssertModel(Assert.Single(list.GetProperty("data").EnumerateArray()));
    }

    [Fact]
    public async Task Get_One_DescribesIt() => AssertModel((await GetAsync("/v1/models/halo-tales")).Json);

    [Fact]
    public async Task Get_Unknown_IsNotFound() => (await GetAsync("/v1/models/org/other")).AssertError(HttpStatusCode.NotFound, "model", "model_not_found");

    private static void AssertModel(JsonElement model)
    {
        Assert.Equal(["created", "id", "object", "owned_by"], model.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal("halo-tales", model.GetProperty("id").GetString());
        Assert.Equal("model", model.GetProperty("object").GetString());
    }

    private async Task<Answer> GetAsync(string path)
    {
        using HttpResponseMessage response = await fixture.Gateway.Client.GetAsync(new Uri(path, UriKind.Relative));
        return await Answer.OfAsync(response);
    }
}
