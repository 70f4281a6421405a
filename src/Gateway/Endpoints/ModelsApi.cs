using Halo.Gateway.Contracts;
using Halo.Gateway.Serving;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Halo.Gateway.Endpoints;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>: the models by name, loaded or not.</summary>
internal static class ModelsApi
{
    public static JsonHttpResult<ModelList> List(ServedModels models) =>
        TypedResults.Json(new ModelList([.. models.Names.Select(name => Entry(models, name))]), GatewayJson.Of<ModelList>());

    public static JsonHttpResult<ModelEntry> Get(ServedModels models, string id) =>
        TypedResults.Json(Entry(models, models.Known(id)), GatewayJson.Of<ModelEntry>());

    private static ModelEntry Entry(ServedModels models, string name) => new(name, models.Created.ToUnixTimeSeconds());
}
